/** `npm run cost`: writes the cost tables of docs/operations.md from operations.ts and prices.ts. */
import fs from "node:fs";
import path from "node:path";
import { costTables, withTables } from "./table.ts";

const page = path.join(import.meta.dirname, "../../docs/operations.md");
fs.writeFileSync(page, withTables(fs.readFileSync(page, "utf8")));
console.log(costTables());
