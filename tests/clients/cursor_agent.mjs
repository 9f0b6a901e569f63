// `cursor_agent.mjs FOLDER PROMPT` runs Cursor's own local agent once. The agent reads FOLDER/.cursor/mcp.json.
// CURSOR_SDK is the folder with the node_modules of @cursor/sdk.
import { createRequire } from "node:module";

const require = createRequire(process.env.CURSOR_SDK + "/package.json");
const { Agent } = await import(require.resolve("@cursor/sdk").replace("/cjs/", "/esm/"));
const [folder, prompt] = process.argv.slice(2);
const late = setTimeout(() => { console.log("TIMEOUT"); process.exit(3); }, 60_000);
const agent = await Agent.create({
  apiKey: "key_dummy", model: { id: "fake" }, local: { cwd: folder, settingSources: ["project"] },
});
const run = await agent.send(prompt);
let said = "";
for await (const event of run.stream()) {
  if (event.type === "assistant") for (const part of event.message?.content ?? []) said += part.text ?? "";
  if (event.type === "status" && event.status === "ERROR") { console.log("ERROR " + event.message); process.exit(2); }
}
console.log(said);
clearTimeout(late);
process.exit(0);
