"""The one place of limits is whole, and what is written to it wrongly is told."""

import re

import pytest

from processing.answer.limits import LIMITS_FILE, dachs_settings, limits
from processing.errors import SurveyError
from processing.publish.dachs import settings_text
from processing.publish.site import ETC, Site, read_settings


def test_every_limit_has_a_unit_and_a_reason_and_is_a_number_or_a_list():
    allowed = limits()
    assert allowed.time.sync == 20 and allowed.network.proxies == ("127.0.0.1", "::1")
    assert all(len(reason) > 5 for reason in re.findall('reason: "([^"]*)"', LIMITS_FILE.read_text()))


@pytest.mark.parametrize("before, after, told", [("  sync: ", "  synk: ", "unknown key synk"),
                                                 ("sync: {value", "sync: {size", "unknown key size"),
                                                 ("20, unit: s", "20, unit: min", "unit 'min', expected 's'")])
def test_an_unknown_key_or_unit_is_refused(tmp_path, before, after, told):
    (tmp_path / "limits.yaml").write_text(LIMITS_FILE.read_text().replace(before, after, 1))
    with pytest.raises(SurveyError, match=told):
        limits(tmp_path / "limits.yaml")


def test_dachs_is_started_with_the_limits(tmp_path):
    (tmp_path / "gavo.rc").write_text(settings_text(Site(tmp_path)))
    made = read_settings(tmp_path / "gavo.rc")
    for section, values in dachs_settings(limits()).items():
        for key, value in values.items():
            assert made[section][key] == str(value)


def test_a_worker_stays_at_its_port_when_its_settings_are_written(tmp_path):
    place = Site(tmp_path, worker=1)
    (tmp_path / "gavo.rc").write_text(settings_text(place))
    assert int(read_settings(tmp_path / "gavo.rc")["web"]["serverPort"]) == place.port == Site(tmp_path).port + 1


def test_a_limit_is_set_in_one_place_alone(tmp_path):
    place = Site(tmp_path)
    place.settings["web"]["sqlTimeout"] = "999"
    with pytest.raises(SurveyError, match="etc/limits.yaml alone"):
        settings_text(place)
    assert not set(dachs_settings(limits())["web"]) & set(read_settings(ETC / "gavo.rc")["web"])
