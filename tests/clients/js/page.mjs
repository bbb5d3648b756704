// A real Chromium with one page, and what a person does on Keycloak's.
//
// It trusts what the NSS database of its HOME trusts, and ignores no certificate error. Nothing here intercepts requests:
// Playwright answers preflights itself where something does.
import { chromium } from "playwright-core";

const USER = { name: "testuser", password: "testpassword123" };
const DEADLINE_MS = 20_000;

export async function withPage(work) {
  const context = await chromium.launchPersistentContext(`${process.env.HOME}/profile`, {
    executablePath: process.env.CHROMIUM,
    chromiumSandbox: process.getuid() !== 0, // root has no sandbox
    headless: true,
    args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost"], // no fonts from elsewhere
    viewport: { width: 1280, height: 860 },
  });
  const [page] = context.pages();
  page.setDefaultTimeout(DEADLINE_MS);
  try {
    console.log(JSON.stringify(await work(page)));
  } catch (error) {
    await page.screenshot({ path: `${process.env.HOME}/failed.png` });
    throw new Error(`${error.message}\n--- the page ${page.url().split("?")[0]} shows:\n${await text(page)}`);
  } finally {
    await context.close();
  }
}

export const text = (page) => page.locator("body").innerText();

/** Log in where Keycloak asks for it, grant what the client wants, and say what that was. */
export async function signIn(page) {
  await page.locator("#username").fill(USER.name);
  await page.locator("#password").fill(USER.password);
  await page.locator("#kc-login").click();
  return consent(page);
}

export async function consent(page) {
  const wanted = page.locator("#kc-oauth li");
  await wanted.first().waitFor();
  const said = await wanted.allInnerTexts();
  await page.locator("[name=accept]").click();
  return said;
}
