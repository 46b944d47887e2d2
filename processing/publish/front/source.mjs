// What there is to tell of one source: magnitudes, flags in words, cutouts, links, all columns.

import {ask, stamps} from "./tap.mjs";
import {draw, image} from "./fits.mjs";

const BANDS = [["J", "j"], ["H", "h"], ["Ks", "k"]];

export async function show(panel, designation, flags) {
  const [row] = await ask(`SELECT * FROM twomass.psc WHERE designation = '${designation.replaceAll("'", "")}'`);
  if (!row) return say(panel, `No source of the release is called ${designation}.`);
  panel.replaceChildren(title(row), cutouts(row), magnitudes(row, flags), words(row, flags), columns(row));
  panel.dataset.designation = row.designation;
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

function title(row) {
  return element("div", {}, element("h3", {}, `2MASS J${row.designation}`),
    element("p", {className: "place"}, `RA ${digits(row.ra, 5)}°  Dec ${digits(row.dec, 5)}°  (ICRS)`));
}

function meaning(flag, character) {
  const value = flag.values[character];
  return value === undefined ? `${character}: not a value of ${flag.name}` : value;
}

function magnitudes(row, flags) {
  const perBand = flags.filter((flag) => flag.perBand);
  const lines = BANDS.map(([name, letter], k) => element("tr", {},
    element("th", {scope: "row"}, name),
    element("td", {className: "number"}, digits(row[`${letter}_m`], 3)),
    element("td", {className: "number"}, row[`${letter}_msigcom`] === null ? "" : `± ${digits(row[`${letter}_msigcom`], 3)}`),
    element("td", {}, element("ul", {}, ...perBand.filter((flag) => row[flag.name]).map((flag) => element("li", {},
      element("code", {title: `${flag.name}: ${flag.description}`}, row[flag.name][k]), " ",
      meaning(flag, row[flag.name][k])))))));
  return element("table", {className: "magnitudes"}, element("tbody", {}, ...lines));
}

function words(row, flags) {
  const known = flags.filter((flag) => !flag.perBand && row[flag.name] !== null && row[flag.name] !== undefined);
  return element("dl", {className: "flags"}, ...known.flatMap((flag) => [element("dt", {}, flag.description),
    element("dd", {}, element("code", {title: flag.name}, String(row[flag.name])), " ",
      meaning(flag, String(row[flag.name])))]));
}

function cutouts(row) {
  const place = element("div", {className: "cutouts"});
  stamps(row).then((found) => {
    if (!found.length) place.append("No image of the release shows this source.");
    place.append(...found.map((one) => cutout(one)));
  }).catch((error) => place.append(`No cutouts: ${error.message}`));
  const links = `/twomass/q/source_links/dlmeta?ID=${encodeURIComponent(row.designation)}`;
  return element("div", {}, place, element("p", {}, element("a", {href: links},
    "All that belongs to this source: images, scan, previews")));
}

function cutout({band, address}) {
  const canvas = element("canvas", {role: "img", ariaLabel: `The source in ${band}, 1 arcmin across`});
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
