// What both official SDKs ask of a program that wants OAuth: where to keep things, and how to send the user to sign in.
import { randomUUID } from "node:crypto";

export class MemoryProvider {
  constructor(user, metadata) {
    this.user = user;
    this.metadata = metadata;
  }
  get redirectUrl() {
    return this.user.callback;
  }
  get clientMetadata() {
    return { client_name: "A client of the tests", redirect_uris: [this.user.callback], ...this.metadata };
  }
  state() {
    return (this.expected = randomUUID());
  }
  clientInformation() {
    return this.client;
  }
  saveClientInformation(client) {
    this.client = client;
  }
  tokens() {
    return this.kept;
  }
  saveTokens(tokens) {
    this.kept = tokens;
  }
  saveCodeVerifier(verifier) {
    this.verifier = verifier;
  }
  codeVerifier() {
    return this.verifier;
  }
  discoveryState() {
    return this.discovered;
  }
  saveDiscoveryState(state) {
    this.discovered = state;
  }
  redirectToAuthorization(url) {
    this.answer = this.user.signIn(url);
    this.answer.catch(() => {}); // whoever awaits it hears of it
  }
  /** The redirect's query, once the user is back. */
  async callback() {
    const query = await this.answer;
    if (query.get("state") !== this.expected) throw new Error("the redirect carries another state");
    return query;
  }
}
