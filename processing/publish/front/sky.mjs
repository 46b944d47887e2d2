// The sky: Aladin Lite on the HiPS of this server, with the point sources of the release on it.

import {ask} from "./tap.mjs";

const DEEPEST = 0.6;   // degrees: a wider view shows no sources
const MOST = 2500;     // sources in a view, brightest first
const REACH = 14;     // pixels from a source that count as on it
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
  const mark = A.catalog({name: "Chosen", color: "#7fd1ff", sourceSize: 24, shape: "circle"});
  view.addCatalog(mark);
  view.on("click", (event) => {
    const row = event && !event.isDragging && nearest(view, sources, event);
    if (row) clicked(row.designation);
  });
  follow(A, view, sources, said);
  return Object.assign(view, {point: (row) => { mark.removeAll(); mark.addSources([A.source(row.ra, row.dec, row)]); }});
}

// The source that somebody meant who clicked at x, y (pixels).
function nearest(view, sources, {x, y}) {
  const apart = (source) => {
    const at = view.world2pix(source.ra, source.dec);
    return at ? Math.hypot(at[0] - x, at[1] - y) : Infinity;
  };
  const found = sources.getSources().map((source) => [apart(source), source.data]).sort((a, b) => a[0] - b[0])[0];
  return found && found[0] <= REACH ? found[1] : null;
}

// With the name of this server before it: without, Aladin Lite looks for it in a list elsewhere.
export const whole = (address) => new URL(address, document.baseURI).href;

// Ask for the sources of a view when it has stayed for a while.
function follow(A, view, sources, said) {
  let waiting, asked = 0;
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(load, PAUSE); };
  async function load() {
    const [ra, dec] = view.getRaDec(), field = view.getFov(), turn = ++asked;
    const width = Math.max(...field);
    if (width > DEEPEST) {
      sources.removeAll();
      return said(`Zoom in below ${DEEPEST}° to see the sources.`);
    }
    const found = await around(ra, dec, Math.hypot(...field) / 2).catch((error) => said(error.message));
    if (!found || turn !== asked) return;
    sources.removeAll();
    sources.addSources(found.map((row) => A.source(row.ra, row.dec, row)));
    said(`${found.length}${found.length === MOST ? " brightest" : ""} sources in view; click one.`);
  }
  view.on("positionChanged", soon);
  view.on("zoomChanged", soon);
  soon();
}

export function around(ra, dec, radius, most = MOST) {
  return ask(`SELECT TOP ${most} designation, ra, dec, k_m FROM twomass.psc WHERE 1 = CONTAINS(POINT('ICRS', ra, dec),
    CIRCLE('ICRS', ${ra.toFixed(6)}, ${dec.toFixed(6)}, ${radius.toFixed(6)})) ORDER BY k_m`, most);
}
