// A visitor in a real browser: fills the portal's form, waits for the notebook, runs its cell, reads the output.
//   node visitor.mjs PLAYWRIGHT PORTAL REPOSITORY FILE SCREENSHOTS
// Prints one JSON object: what was seen.
import { startBrowser } from "./browser.mjs";

const [playwright, portal, repository, file, screenshots] = process.argv.slice(2);
const browser = await startBrowser(playwright);
const seen = { complaints: [], stages: [] };

try {
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  page.on("console", (line) => { if (line.type() === "error" && page.url().startsWith(portal)) seen.complaints.push(line.text()); });
  page.on("pageerror", (problem) => { if (page.url().startsWith(portal)) seen.complaints.push(String(problem)); });

  await page.goto(`${portal}/`);
  await page.screenshot({ path: `${screenshots}/form-1440.png` });
  await page.getByRole("button", { name: "Launch" }).click();
  seen.empty = await page.getByRole("alert").first().textContent();
  await page.getByLabel("Repository", { exact: true }).fill("not an address");
  await page.getByRole("button", { name: "Launch" }).click();
  seen.refused = await page.getByRole("alert").first().textContent();
  seen.github = {};
  for (const [address, ref] of [["https://github.com/lab/data", ""], ["https://github.com/lab/data.git/", "feature/x y"],
    ["lab/data", "v1"], ["https://gitlab.com/lab/data", ""], ["https://github.com/lab/data/tree/main", ""]]) {
    await page.getByLabel("Repository", { exact: true }).fill(address);
    await page.getByLabel("Branch, tag or commit").fill(ref);
    seen.github[address] = await page.locator("#share-link").textContent();
  }
  await page.getByLabel("Branch, tag or commit").fill("");
  await page.getByLabel("Repository", { exact: true }).fill(repository);
  await page.getByLabel("File to open").fill(file);
  seen.link = await page.locator("#share-link").textContent();
  await page.screenshot({ path: `${screenshots}/filled-1440.png` });
  await page.getByRole("button", { name: "Launch" }).click();
  await page.locator(".stages").waitFor();
  await page.locator("details.log summary").click();
  await page.locator(".log pre").filter({ hasText: "line 5" }).waitFor({ timeout: 120000 }); // postBuild's fifth
  await page.screenshot({ path: `${screenshots}/launch-1440.png` });
  seen.log = await page.locator(".log pre").textContent();
  seen.stages = await page.locator(".stages .name").allTextContents();

  await page.waitForURL(/\/user\//, { timeout: 180000 });
  const cell = page.locator(".jp-Notebook .jp-CodeCell").first();
  await cell.waitFor({ timeout: 60000 });
  // A cell that is run before its kernel is there shows a dialog instead.
  await page.getByText("Python 3 (ipykernel) | Idle").waitFor({ timeout: 120000 });
  await page.locator(".jp-Notebook .cm-content").first().click();
  await page.keyboard.press("Shift+Enter");
  const output = page.locator(".jp-OutputArea-output").first();
  await output.waitFor({ timeout: 60000 });
  seen.output = (await output.textContent()).trim();
  seen.url = page.url();
  await page.screenshot({ path: `${screenshots}/notebook-1440.png` });

  const phone = await (await browser.newContext({ viewport: { width: 360, height: 740 }, colorScheme: "dark" })).newPage();
  await phone.goto(`${portal}/`);
  await phone.screenshot({ path: `${screenshots}/form-360.png` });
  seen.wide = await phone.evaluate(() => document.documentElement.scrollWidth);
  await phone.goto(`${portal}/v2/git/${encodeURIComponent(repository)}/no-such-ref`);
  await phone.locator(".failure").waitFor({ timeout: 30000 });
  seen.failure = await phone.locator(".failure .reason").textContent();
  await phone.screenshot({ path: `${screenshots}/failed-360.png` });
  seen.wideFailed = await phone.evaluate(() => document.documentElement.scrollWidth);
  await phone.goto(`${portal}/user/nobody`);
  seen.missing = await phone.locator("h1").textContent();
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
