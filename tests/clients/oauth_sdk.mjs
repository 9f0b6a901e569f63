// The OAuth client of the TypeScript SDK: `node oauth_sdk.mjs cimd|dcr SDK PYTHON SCRIPT`. It logs in, and calls the
// tools of the script. The browser of the person is a program that prints the address to which the browser is sent.

import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { randomBytes } from "node:crypto";
import { pathToFileURL } from "node:url";

const [way, sdk, python, script] = process.argv.slice(2);
const entry = createRequire(`${sdk}/package.json`).resolve("@modelcontextprotocol/client");
const { Client, StreamableHTTPClientTransport, UnauthorizedError } = await import(pathToFileURL(entry).href);

const kept = {};
let answer;
const provider = {
  redirectUrl: "http://127.0.0.1/callback",
  clientMetadataUrl: way === "cimd" ? "https://client.example.com/oauth/client.json" : undefined,
  clientMetadata: { client_name: "TypeScript SDK", redirect_uris: ["http://127.0.0.1/callback"] },
  state: () => (kept.state ??= randomBytes(16).toString("hex")),
  clientInformation: () => kept.client,
  saveClientInformation: (client) => void (kept.client = client),
  tokens: () => kept.tokens,
  saveTokens: (tokens) => void (kept.tokens = tokens),
  saveCodeVerifier: (verifier) => void (kept.verifier = verifier),
  codeVerifier: () => kept.verifier,
  redirectToAuthorization: (url) => {
    const code = "import sys; from tests.clients.browser import allow; print(allow(sys.argv[1]))";
    answer = new URL(execFileSync(python, ["-c", code, url.href], { encoding: "utf8" }).trim()).searchParams;
  },
};

const client = () => new Client({ name: "typescript-sdk", version: "1" });
const transport = () => new StreamableHTTPClientTransport(new URL(process.env.B24_MCP_URL), { authProvider: provider });
const first = transport();
try {
  await client().connect(first);
  throw new Error("the server asked for no login");
} catch (error) {
  if (!(error instanceof UnauthorizedError)) throw error;
}
if (answer.get("state") !== kept.state) throw new Error("the answer has another state");
await first.finishAuth(answer);
const connected = client();
await connected.connect(transport());
for (const call of JSON.parse(script)) {
  const result = await connected.callTool({ name: call.tool, arguments: call.arguments });
  process.stdout.write(result.content.map((block) => block.text ?? "").join("") + "\n");
}
await connected.close();
