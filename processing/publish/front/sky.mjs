// The sky: Aladin Lite on the HiPS of this server, with the sources of the release on it, galaxies as their ellipses.

import {ask} from "./tap.mjs";
import {outline} from "./ellipse.mjs";

const DEEPEST = 0.6;   // degrees: a wider view shows no sources
const MOST = 2500;     // sources in a view, brightest first
const REACH = 14;     // pixels from a source that count as on it
const SAME = 3;       // pixels between a galaxy and the point source that is its middle
const PAUSE = 400;     // ms that a view stays before sources are asked for

export async function sky(element, survey, clicked, said) {
  const {default: A} = await import("./aladin.mjs");
  await A.init;
  const view = A.aladin(element, {
    survey: whole(survey.hips[survey.first]), target: survey.place.join(" "), fov: survey.fov, cooFrame: "ICRS", hipsList: [],
    log: false, backgroundColor: "#000", showLayersControl: false, showSimbadPointerControl: false,
    showShareControl: false, showSettingsControl: false, showProjectionControl: false, showFrame: false,
    showContextMenu: false, showCooGridControl: false, showStatusBar: false, samp: false, reticleColor: "#8fc1ff",
  });
  const sources = A.catalog({name: "Point sources", color: "#ffd75e", sourceSize: 13, shape: "circle"});
  view.addCatalog(sources);
  const galaxies = {overlay: A.graphicOverlay({name: "Extended sources", color: "#ff8fb1", lineWidth: 1.5}), rows: []};
  view.addOverlay(galaxies.overlay);
  const mark = A.catalog({name: "Chosen", color: "#7fd1ff", sourceSize: 24, shape: "circle"});
  view.addCatalog(mark);
  view.on("click", (event) => {
    const found = event && !event.isDragging && nearest(view, sources, galaxies, event);
    if (found) clicked(found.row.designation, found.kind);
  });
  follow(A, view, sources, survey.extended && galaxies, said);
  return Object.assign(view, {point: (row) => { mark.removeAll(); mark.addSources([A.source(row.ra, row.dec, row)]); }});
}

// The source that somebody meant who clicked at x, y (pixels), and its kind; a galaxy before the point in its middle.
function nearest(view, sources, galaxies, {x, y}) {
  const closest = (rows, kind, lead) => rows.map((row) => {
    const at = view.world2pix(row.ra, row.dec);
    return {row, kind, apart: at ? Math.hypot(at[0] - x, at[1] - y) : Infinity, lead};
  });
  const found = [...closest(sources.getSources().map((source) => source.data), "psc", 0), ...closest(galaxies.rows, "xsc", SAME)]
    .filter(({apart}) => apart <= REACH).sort((a, b) => a.apart - a.lead - (b.apart - b.lead));
  return found[0] ?? null;
}

// With the name of this server before it: without, Aladin Lite looks for it in a list elsewhere.
export const whole = (address) => new URL(address, document.baseURI).href;

// Ask for the sources of a view when it has stayed for a while.
function follow(A, view, sources, galaxies, said) {
  let waiting, asked = 0;
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(load, PAUSE); };
  async function load() {
    const [ra, dec] = view.getRaDec(), field = view.getFov(), turn = ++asked;
    const width = Math.max(...field);
    if (width > DEEPEST) {
      sources.removeAll();
      if (galaxies) outlines(A, galaxies, []);
      return said(`Zoom in below ${DEEPEST}° to see the sources.`);
    }
    const radius = Math.hypot(...field) / 2;
    const [found, wide] = await Promise.all([around(ra, dec, radius), galaxies ? extendedAround(ra, dec, radius) : []])
      .catch((error) => { said(error.message); return []; });
    if (!found || turn !== asked) return;
    sources.removeAll();
    sources.addSources(found.map((row) => A.source(row.ra, row.dec, row)));
    if (galaxies) outlines(A, galaxies, wide);
    const more = wide.length ? ` and ${wide.length} extended` : "";
    said(`${found.length}${found.length === MOST ? " brightest" : ""} sources${more} in view; click one.`);
  }
  view.on("positionChanged", soon);
  view.on("zoomChanged", soon);
  soon();
}

// Draw the Ks = 20 mag/arcsec2 ellipses of extended sources in place of those that are there.
function outlines(A, galaxies, rows) {
  galaxies.rows = rows;
  galaxies.overlay.removeAll();
  for (const row of rows) galaxies.overlay.add(A.polygon(outline(row)));
}

function extendedAround(ra, dec, radius) {
  return ask(`SELECT TOP ${MOST} designation, ra, dec, r_k20fe, k_ba, k_phi, sup_ba, sup_phi FROM twomass.xsc
    WHERE ${within(ra, dec, radius)} ORDER BY r_k20fe DESC`, MOST);
}

const within = (ra, dec, radius) => `1 = CONTAINS(POINT('ICRS', ra, dec),
    CIRCLE('ICRS', ${ra.toFixed(6)}, ${dec.toFixed(6)}, ${radius.toFixed(6)}))`;

export function around(ra, dec, radius, most = MOST) {
  return ask(`SELECT TOP ${most} designation, ra, dec, k_m FROM twomass.psc WHERE ${within(ra, dec, radius)}
    ORDER BY k_m`, most);
}
