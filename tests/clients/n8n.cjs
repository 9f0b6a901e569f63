// The MCP client node of n8n: `n8n.cjs FOLDER SCRIPT`. FOLDER has its packages, SCRIPT is the calls of the script as JSON.
// The node is n8n's own code. What surrounds it in n8n (the workflow engine, its HTTP client) is replaced here.
// Every call is made in both ways in which n8n makes it: by the toolkit of an agent, and by running the node for an item.
"use strict";
const Module = require("node:module");
const path = require("node:path");

const [folder, script] = process.argv.slice(2);
const replaced = {
  "n8n-core": { StructuredToolkit: class { constructor(tools) { this.tools = tools; } } },
  "@n8n/config": { McpClientConfig: class {} },
  "@n8n/ai-utilities": {
    logWrapper: (tool) => tool,
    getConnectionHintNoticeField: () => ({}),
    proxyFetch: async ({ input, init }) => await fetch(input, init),
    createRefreshingAuthFetch: ({ baseFetch, initialHeaders }) => async (input, init) => {
      const headers = new Headers(init?.headers);
      for (const [name, value] of Object.entries(initialHeaders ?? {})) headers.set(name, value);
      return await baseFetch(input, { ...init, headers });
    },
  },
};
const load = Module._load;
Module._load = (request, ...rest) => replaced[request] ?? load(request, ...rest);

const { Container } = require(path.join(folder, "node_modules/@n8n/di"));
Container.set(replaced["@n8n/config"].McpClientConfig, { cacheMaxSize: 10, cacheTtlMs: 60_000, cacheTtl: 60_000 });
const { McpClientTool } = require(path.join(folder, "package/dist/nodes/mcp/McpClientTool/McpClientTool.node.js"));

function context(items) {
  const values = {
    authentication: "bearerAuth", serverTransport: "httpStreamable", endpointUrl: process.env.B24_MCP_URL,
    include: "all", includeTools: [], excludeTools: [], "options.timeout": 60000,
  };
  return {
    getNode: () => ({ name: "Bitrix24", type: "mcpClientTool", typeVersion: 1.4, parameters: {} }),
    getNodeParameter: (name, _, other) => values[name] ?? other,
    getCredentials: async () => ({ token: process.env.B24_HTTP_TOKEN, allowedHttpRequestDomains: "all" }),
    getInputData: () => items,
    getExecutionId: () => "1",
    getExecutionCancelSignal: () => undefined,
    addOutputData: () => {},
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    helpers: { getSecureEgressFilter: () => ({ validateUrl: async () => ({ ok: true }) }) },
  };
}

const text = (content) => content.map((block) => block.text ?? "").join("");

async function main() {
  const node = new McpClientTool();
  const { response, closeFunction } = await node.supplyData.call(context([]), 0);
  for (const { tool, arguments: given } of JSON.parse(script)) {
    const offered = response.tools.find((one) => one.name === `Bitrix24_${tool}`);
    const answer = await offered.invoke(given);
    console.log(typeof answer === "string" ? answer : text(answer));
    // An agent of version 3 runs the node with the call of the model, and with what the workflow adds.
    const item = { json: { ...given, tool: offered.name, sessionId: "1", action: "sendMessage", chatInput: "hi", toolCallId: "c1" } };
    try {
      const [[{ json }]] = await node.execute.call(context([item]));
      console.log(text(json.response));
    } catch (error) {
      console.log(error.message, error.description ?? ""); // n8n shows the answer of a failed call as an error
    }
  }
  await closeFunction();
  process.exit(0);
}

main().catch((error) => { console.error(error); process.exit(1); });
