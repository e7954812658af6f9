// A launch page: four stages, what is happening now, the log, and then the notebook.
import { liveLog } from "./log.js";
import { openUrl } from "./spec.js";
import { events } from "./stream.js";

const STAGES = ["repository", "image", "server", "notebook"];
// Which stage an event of a phase belongs to, and what stands beside the stage meanwhile.
const PHASES = {
  waiting: ["image", "waiting for its turn"],
  fetching: ["repository", "fetching"],
  building: ["image", "building"],
  built: ["server", "requested"],
  launching: ["server", "starting"],
  ready: ["notebook", "opening"],
};
const LOGGED = new Set(["fetching", "building", undefined, "unknown"]);

function stageList(root) {
  const items = Object.fromEntries(STAGES.map((name) => [name, root.querySelector(`[data-stage=${name}]`)]));
  let current = null;
  let began = performance.now();
  const clock = setInterval(tick, 100);

  function tick() {
    if (current) items[current].querySelector("time").textContent = `${((performance.now() - began) / 1000).toFixed(1)} s`;
  }

  function finish(name, mark, note) {
    items[name].className = mark;
    items[name].removeAttribute("aria-current");
    if (note) items[name].querySelector(".note").textContent = note;
  }

  return {
    enter(name, note) {
      // The image waits in the queue before its repository is fetched: a stage that was begun may be begun again.
      if (current !== name) {
        if (current) tick();
        STAGES.slice(0, STAGES.indexOf(name)).forEach((before) => finish(before, "done", "done"));
        items[name].className = "active";
        items[name].setAttribute("aria-current", "step");
        began = performance.now();
        current = name;
      }
      items[name].querySelector(".note").textContent = note;
    },
    end(mark) {
      tick();
      clearInterval(clock);
      finish(current, mark, mark === "failed" ? "failed" : "ready");
      current = null;
    },
  };
}

function showFailure(root, stages, reason) {
  stages.end("failed");
  root.querySelector("h1").textContent = "Launch failed";
  root.querySelector(".now").textContent = "";
  root.querySelector(".reason").textContent = reason;
  root.querySelector(".again").href = location.href;
  root.querySelector(".failure").hidden = false;
  root.querySelector("details").open = root.querySelector("pre").textContent !== "";
  document.title = "Launch failed · Ringbinder";
}

function arrive(root, stages, event) {
  const url = openUrl(event.url, event.token, location.search);
  stages.end("done");
  root.querySelector("h1").textContent = "Ready";
  root.querySelector(".arrive a").href = url;
  root.querySelector(".arrive").hidden = false;
  document.title = "Ready · Ringbinder";
  location.assign(url);
}

async function follow(root, url) {
  const stages = stageList(root);
  const log = liveLog(root.querySelector("details"));
  const now = root.querySelector(".now");

  stages.enter("repository", "looking it up");
  try {
    for await (const event of events(url)) {
      const phase = event.phase?.toLowerCase();
      const message = event.message ?? "";
      if (phase === "failed" || phase === "failure") return showFailure(root, stages, message.trim() || "The server gave no reason.");
      if (LOGGED.has(phase)) log(message);
      now.textContent = LOGGED.has(phase) ? "" : message.trim();
      if (PHASES[phase]) stages.enter(...PHASES[phase]);
      if (phase === "ready") return arrive(root, stages, event);
    }
    showFailure(root, stages, "The event stream closed before the notebook was ready. The build, if there is one, goes on: try again to join it.");
  } catch (problem) {
    showFailure(root, stages, `The connection to the server was lost (${problem.message}). The build, if there is one, goes on: try again to join it.`);
  }
}

export function showLaunch(root, place, config) {
  const token = config.buildToken ? `?build_token=${encodeURIComponent(config.buildToken)}` : "";
  root.append(document.getElementById("launch").content.cloneNode(true));
  root.querySelector(".what").textContent = place.ref && place.ref !== "HEAD" ? `${place.repository} at ${place.ref}` : place.repository;
  document.title = `Launching ${place.repository} · Ringbinder`;
  follow(root, `/build/${place.provider}/${place.spec}${token}`);
}
