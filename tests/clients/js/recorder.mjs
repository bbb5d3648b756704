// Writes down every request that a client makes, and what it was answered.
const SAID = ["origin", "accept", "content-type", "user-agent"];
const SECRET = /(code|code_verifier|refresh_token|client_secret)=[^&]*/g;

export const seen = [];

export async function recordingFetch(url, init = {}) {
  const headers = new Headers(init.headers);
  const response = await fetch(url, init);
  seen.push({
    method: init.method ?? "GET",
    path: new URL(url).pathname,
    status: response.status,
    headers: Object.fromEntries([...headers].filter(([name]) => SAID.includes(name) || name.startsWith("mcp-"))),
    body: init.body === undefined ? null : String(init.body).replace(SECRET, "$1=…"),
  });
  return response;
}
