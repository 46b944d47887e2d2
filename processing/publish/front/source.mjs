// What there is to tell of one source: magnitudes, flags in words, cutouts, links, all columns.

import {ask, galaxyStamps, stamps} from "./tap.mjs";
import {draw, image} from "./fits.mjs";

const BANDS = [["J", "j"], ["H", "h"], ["Ks", "k"]];

const KINDS = {
  psc: {prefix: "2MASS", magnitude: (band) => [`${band}_m`, `${band}_msigcom`], stamps, links: "source_links", size: () => [],
        band: (row, flag, k) => [row[flag.name], row[flag.name]?.[k]]},
  xsc: {prefix: "2MASX", magnitude: (band) => [`${band}_m_k20fe`, `${band}_msig_k20fe`], stamps: galaxyStamps,
        links: "galaxy_links", size: shape, band: (row, flag, k) => {
          const value = row[flag.name.replace("{band}", BANDS[k][1])];
          return [value !== null && value !== undefined, value];
        }},
};

// Tell of the source of this name; kind: "psc" or "xsc"; flags: by kind.
export async function show(panel, designation, flags, kind = "psc") {
  const [row] = await ask(`SELECT * FROM twomass.${kind} WHERE designation = '${designation.replaceAll("'", "")}'`);
  if (!row) return say(panel, `No source of the release is called ${designation}.`);
  const how = KINDS[kind];
  panel.replaceChildren(title(row, how), cutouts(row, how), magnitudes(row, flags[kind], how), words(row, flags[kind]),
                        columns(row));
  Object.assign(panel.dataset, {designation: row.designation, kind});
  return row;
}

export function say(panel, sentence) {
  panel.replaceChildren(element("p", {className: "hint"}, sentence));
}

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

const digits = (value, places) => value === null || value === undefined ? "–" : value.toFixed(places);

function title(row, {prefix, size}) {
  return element("div", {}, element("h3", {}, `${prefix} J${row.designation}`),
    element("p", {className: "place"}, `RA ${digits(row.ra, 5)}°  Dec ${digits(row.dec, 5)}°  (ICRS)`), ...size(row));
}

function shape(row) {
  return [element("p", {className: "place"}, `Extended: ${digits(row.r_k20fe, 1)}″ to Ks = 20 mag/arcsec²; axis ratio `
    + `${digits(row.k_ba, 2)}, ${digits(row.k_phi, 0)}° east of north. Magnitudes are of this ellipse.`)];
}

function meaning(flag, character) {
  const value = flag.values[character];
  return value === undefined ? `${character}: not a value of ${flag.name}` : value;
}

function magnitudes(row, flags, {magnitude, band}) {
  const lines = BANDS.map(([name, letter], k) => {
    const [value, error] = magnitude(letter).map((column) => row[column]);
    const told = flags.filter((flag) => flag.perBand).map((flag) => [flag, ...band(row, flag, k)]);
    return element("tr", {}, element("th", {scope: "row"}, name),
      element("td", {className: "number"}, digits(value, 3)),
      element("td", {className: "number"}, error === null ? "" : `± ${digits(error, 3)}`),
      element("td", {}, element("ul", {}, ...told.filter(([, there]) => there).map(([flag, , character]) =>
        element("li", {}, element("code", {title: `${flag.name}: ${flag.description}`}, String(character)), " ",
          meaning(flag, character))))));
  });
  return element("table", {className: "magnitudes"}, element("tbody", {}, ...lines));
}

function words(row, flags) {
  const known = flags.filter((flag) => !flag.perBand && row[flag.name] !== null && row[flag.name] !== undefined);
  return element("dl", {className: "flags"}, ...known.flatMap((flag) => [element("dt", {}, flag.description),
    element("dd", {}, element("code", {title: flag.name}, String(row[flag.name])), " ",
      meaning(flag, String(row[flag.name])))]));
}

function cutouts(row, how) {
  const place = element("div", {className: "cutouts"});
  how.stamps(row).then((found) => {
    if (!found.length) place.append("No image of the release shows this source.");
    place.append(...found.map((one) => cutout(one)));
  }).catch((error) => place.append(`No cutouts: ${error.message}`));
  const links = `/twomass/q/${how.links}/dlmeta?ID=${encodeURIComponent(row.designation)}`;
  return element("div", {}, place, element("p", {}, element("a", {href: links},
    "All that belongs to this source: images, scan, previews")));
}

function cutout({band, address}) {
  const canvas = element("canvas", {role: "img", ariaLabel: `The source in ${band}`});
  const figure = element("figure", {}, canvas, element("figcaption", {}, element("a", {href: address}, `${band}, FITS`)));
  image(address).then((pixels) => { draw(canvas, pixels); figure.dataset.drawn = band; })
    .catch((error) => figure.append(error.message));
  return figure;
}

function columns(row) {
  const lines = Object.entries(row).map(([name, value]) => element("tr", {}, element("th", {scope: "row"}, name),
    element("td", {}, value === null ? "–" : String(value))));
  return element("details", {}, element("summary", {}, "All columns"), element("table", {}, element("tbody", {}, ...lines)));
}
