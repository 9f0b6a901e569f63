// Compile every schema of an object {name: schema} from stdin with ajv in strict mode: `node ajv_strict.mjs AJV_FOLDER`.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const require = createRequire(import.meta.url);
const Ajv2020 = require(join(process.argv[2], "dist", "2020.js")).default;
const given = JSON.parse(readFileSync(0, "utf-8"));
let wrong = 0;
for (const [name, schema] of Object.entries(given)) {
  try {
    new Ajv2020({ strict: true, allowUnionTypes: false }).compile(schema);
  } catch (error) {
    wrong += 1;
    console.log(`${name}: ${error.message}`);
  }
}
if (!wrong) console.log(`${Object.keys(given).length} schemas compiled`);
process.exitCode = wrong ? 1 : 0;
