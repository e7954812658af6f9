// A visitor who follows a launch link and does nothing else, whatever happens to the server meanwhile.
//   node waiter.mjs PLAYWRIGHT LINK TEXT
// Prints "seen" once the log has TEXT, and at last one JSON object: where the visitor ended, and what was seen.
import { startBrowser } from "./browser.mjs";

const [playwright, link, text] = process.argv.slice(2);
const browser = await startBrowser(playwright);
const seen = { pages: [], failures: 0 };

try {
  const page = await browser.newPage();
  page.on("framenavigated", (frame) => { if (frame === page.mainFrame()) seen.pages.push(frame.url()); });
  await page.goto(link);
  await page.locator(".log pre").filter({ hasText: text }).waitFor({ state: "attached", timeout: 120000 });
  console.log("seen");
  while (!page.url().includes("/user/")) {
    seen.failures += await page.locator(".failure:visible").count().catch(() => 0);
    if (seen.failures) break;
    seen.log = await page.locator(".log pre").textContent({ timeout: 500 }).catch(() => seen.log);
    await page.waitForTimeout(50);
  }
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
