// The browser of the tests: Chromium, which asks nobody but the page.
import { createRequire } from "node:module";

export function startBrowser(playwright) {
  const { chromium } = createRequire(`${playwright}/`)("playwright-core");
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
}
