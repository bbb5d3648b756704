// The person at the client: opens the browser, and waits where the client said that it listens.
//
// BROWSER is the command that opens a URL, as other programs use it. The tests put a headless sign-in there.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";

export class User {
  asked = []; // each authorization URL that was opened

  async listen() {
    this.server = createServer((request, response) => {
      response.end("You may close this page.\n");
      this.arrived(new URL(request.url, this.callback).searchParams);
    });
    this.server.listen(0, "localhost");
    await once(this.server, "listening");
    this.callback = `http://localhost:${this.server.address().port}/callback`;
  }

  /** The query of the redirect that comes back for `url`: a code, or an error. */
  async signIn(url) {
    this.asked.push(String(url));
    const answer = new Promise((resolve) => (this.arrived = resolve));
    const browser = spawn(process.env.BROWSER, [String(url)], { stdio: ["ignore", "ignore", "inherit"] });
    const failed = once(browser, "exit").then(([code]) => {
      if (code !== 0) throw new Error(`the browser ended with ${code}`);
      return answer;
    });
    return Promise.race([answer, failed]);
  }

  close() {
    this.server.close();
  }
}
