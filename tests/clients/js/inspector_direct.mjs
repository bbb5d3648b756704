// A person at the page of the last Inspector before version 2, which can reach a server itself ("Direct": every request is
// then the browser's own, with preflights) as well as by its proxy.
//
//   node inspector_direct.mjs PAGE URL "Direct"|"Via Proxy"
//
// It prints what the page showed, and the requests that the browser itself made of the server.
import { signIn, text, withPage } from "./page.mjs";

const [start, url, way] = process.argv.slice(2);
const SAID = ["origin", "content-type", "accept"];

const button = (page, name) => page.getByRole("button", { name, exact: true });

/** Promises of what the page's own requests of the server were. */
function record(page) {
  const made = [];
  page.on("response", (response) => {
    const request = response.request();
    if (request.resourceType() !== "fetch" || !request.url().startsWith(new URL(url).origin)) return;
    made.push(described(request, response.status()));
  });
  return made;
}

async function described(request, status) {
  const all = await request.allHeaders().catch(() => ({})); // forgotten once the page has gone elsewhere
  const headers = Object.entries(all).filter(([name]) => SAID.includes(name) || name.startsWith("mcp-"));
  return { method: request.method(), path: new URL(request.url()).pathname, status, headers: Object.fromEntries(headers) };
}

async function choose(page, label, option) {
  await page.getByLabel(label).click();
  await page.getByRole("option", { name: option }).click();
}

async function connect(page) {
  await choose(page, "Transport Type", "Streamable HTTP");
  await page.getByLabel("URL").fill(url);
  await choose(page, "Connection Type", way);
  await button(page, "Connect").click();
  const granted = await signIn(page);
  await page.getByText("Connected", { exact: true }).waitFor();
  return granted;
}

async function add(page) {
  await button(page, "List Tools").click();
  await page.getByText("Add", { exact: true }).click();
  const tools = await text(page);
  await page.locator("#a").fill("1");
  await page.locator("#b").fill("2");
  await button(page, "Run Tool").click();
  await page.getByText(/Tool Result/).waitFor();
  return { tools, result: await text(page) };
}

/** What a page of this origin reads of the server's refusal when it sends headers of its own. */
async function refusal(page) {
  return page.evaluate(async (server) => {
    const headers = { "content-type": "application/json", "mcp-param-city": "Berlin", "x-of-my-own": "1" };
    const answer = await fetch(server, { method: "POST", headers, body: "{}" });
    return { status: answer.status, challenge: answer.headers.get("www-authenticate") };
  }, url);
}

await withPage(async (page) => {
  const made = record(page);
  await page.goto(start);
  const granted = await connect(page);
  const called = await add(page);
  const asked = await Promise.all(made);
  return { granted, called, made: asked, refusal: await refusal(page) };
});
