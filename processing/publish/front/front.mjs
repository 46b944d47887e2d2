// The front page: search, sky and the source that was chosen. Without this the page still has all links.

import {ask} from "./tap.mjs";
import {understood} from "./place.mjs";
import {around, sky, whole} from "./sky.mjs";
import {say, show} from "./source.mjs";

const $ = (id) => document.getElementById(id);
const survey = JSON.parse($("survey").textContent);
const NEAR = 10 / 3600;   // degrees: a source this close to a place that was searched is shown
const CLOSE = 0.08;       // degrees across, after a search
let view;

document.documentElement.classList.add("scripted");

async function chosen(designation, kind = "psc") {
  try {
    const row = await show($("source"), designation, survey.flags, kind);
    if (row && view) view.point(row);
    return row;
  } catch (error) {
    say($("source"), error.message);
  }
}

const said = (sentence) => { $("said").textContent = sentence; };

async function search(event) {
  event.preventDefault();
  const asked = understood($("place").value);
  if (!asked) return said("Expected a place such as 290.1 30.1 or 19 20 30 +30 05 00, or a name such as 19200780+2957476.");
  const row = asked.designation ? await chosen(asked.designation, asked.kind) : (await around(asked.ra, asked.dec, NEAR, 1))[0];
  if (asked.designation && !row) return said(`No source is called ${asked.designation}.`);
  const at = row || asked;
  if (view) {
    view.setFoV(CLOSE);
    view.gotoRaDec(at.ra, at.dec);
  }
  if (row && !asked.designation) await chosen(row.designation);
  if (!row) say($("source"), "No source within 10 arcsec of this place.");
}

function layers() {
  for (const button of document.querySelectorAll("button[data-hips]")) {
    button.addEventListener("click", () => {
      view.setBaseImageLayer(whole(survey.hips[button.dataset.hips]));
      document.querySelectorAll("button[data-hips]").forEach((one) => one.setAttribute("aria-pressed", one === button));
    });
  }
}

function copying() {
  for (const block of document.querySelectorAll("pre[data-command]")) {
    const button = Object.assign(document.createElement("button"), {type: "button", className: "copy", textContent: "Copy"});
    button.addEventListener("click", () => navigator.clipboard.writeText(block.querySelector("code").textContent)
      .then(() => { button.textContent = "Copied"; }));
    block.append(button);
  }
}

$("search").addEventListener("submit", search);
copying();
if (survey.first) {
  try {
    view = await sky($("view"), survey, chosen, said);
    layers();
    window.view = view;
  } catch (error) {
    said(`The sky cannot be shown here: ${error.message ?? error}. Search and all links work.`);
  }
}
