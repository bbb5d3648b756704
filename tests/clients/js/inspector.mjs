// A person at MCP Inspector's page: adds a server by its URL, connects, signs in, calls tools.
//
//   node inspector.mjs PAGE URL ERA SCREENSHOT
//
// It prints what the pages showed. The names are those that the page gives its own controls.
import { consent, signIn, text, withPage } from "./page.mjs";

const [start, url, era, screenshot] = process.argv.slice(2);

const button = (page, name) => page.getByRole("button", { name });

async function addServer(page) {
  await button(page, "Add Servers").click();
  await page.getByRole("menuitem", { name: "Add manually" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Server ID").fill("weather");
  await dialog.getByRole("textbox", { name: "Transport" }).click();
  await page.getByRole("option", { name: "streamable-http" }).click();
  await dialog.getByLabel("URL").fill(url);
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await dialog.waitFor({ state: "hidden" });
}

async function chooseEra(page) {
  await button(page, "Settings").last().click();
  await page.getByRole("textbox", { name: "Protocol Era" }).click();
  await page.getByRole("option", { name: new RegExp(`^${era}`, "i") }).click();
  await page.getByRole("button", { name: "Close" }).last().click();
}

async function connect(page) {
  await page.getByRole("switch", { name: /weather/ }).click({ force: true });
  const granted = await signIn(page);
  await page.getByText("Connected", { exact: true }).waitFor();
  return { granted, text: await text(page) };
}

/** Run the tool that is open, for Berlin. */
async function execute(page) {
  await page.getByRole("textbox", { name: "location" }).fill("Berlin");
  await button(page, "Execute Tool").click();
}

async function forecast(page) {
  await page.getByText("Tools", { exact: true }).first().click();
  const tools = await page.getByRole("button", { name: /^[A-Z].*get_/ }).allInnerTexts();
  await button(page, /get_weather_forecast/).click();
  await execute(page);
  await page.getByText("Structured Output").waitFor();
  return { tools, result: await text(page) };
}

async function alerts(page) {
  await button(page, /get_weather_alerts/).click();
  const before = await text(page);
  await execute(page);
  await page.getByText("Additional permissions required").waitFor();
  const asked = await page.getByRole("dialog").innerText();
  await button(page, "Authorize").click();
  const granted = await consent(page);
  await page.getByText("Step-up authorization succeeded").waitFor();
  const after = await text(page);
  await execute(page);
  await page.getByText("Structured Output").waitFor();
  return { before, asked, granted, after, result: await text(page) };
}

await withPage(async (page) => {
  await page.goto(start);
  await addServer(page);
  if (era) await chooseEra(page);
  const connected = await connect(page);
  const called = await forecast(page);
  await page.screenshot({ path: screenshot });
  return { connected, called, steppedUp: await alerts(page) };
});
