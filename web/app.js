// Which page this is: the form, a launch, or nothing.
import { showLaunch } from "./launch.js";
import { complaint, launchPath, readLaunchPath } from "./spec.js";

const root = document.getElementById("root");

function showForm(providers) {
  root.append(document.getElementById("launcher").content.cloneNode(true));
  const form = root.querySelector("form");
  const { repository, ref, file } = form.elements;
  const error = document.getElementById("repository-error");
  const share = root.querySelector(".share");

  function wish() {
    return { repository: repository.value.trim(), ref: ref.value.trim(), file: file.value.trim() };
  }

  function complain(sentence) {
    error.textContent = sentence ?? "";
    error.hidden = !sentence;
    if (sentence) repository.setAttribute("aria-invalid", "true");
    else repository.removeAttribute("aria-invalid");
  }

  form.addEventListener("input", () => {
    const good = !complaint(wish().repository, providers);
    if (good) complain(null);
    share.hidden = !good;
    if (good) document.getElementById("share-link").textContent = location.origin + launchPath(wish(), providers);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const sentence = complaint(wish().repository, providers);
    complain(sentence);
    if (sentence) repository.focus();
    else location.assign(launchPath(wish(), providers));
  });
  root.querySelectorAll("[data-copy]").forEach((button) => button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  }));
}

const place = readLaunchPath(location.pathname);
if (place) showLaunch(root, place, window.pageConfig);
else if (location.pathname === "/") showForm(window.pageConfig.repoProviders);
else root.append(document.getElementById("missing").content.cloneNode(true));
