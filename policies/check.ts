/** Run by `npm run check`: every policy file must be valid and listed in the table. */
import { readdir } from "node:fs/promises";
import path from "node:path";
import { checkFiles } from "./command.ts";
import { shippedNames } from "./index.ts";

const folder = import.meta.dirname;
const files = (await readdir(folder)).filter((file) => file.endsWith(".json")).sort();
const paths = files.map((file) => path.relative(process.cwd(), path.join(folder, file)));
process.exitCode = await checkFiles(paths, process.env, (line) => console.log(line));

for (const file of files) {
  if (shippedNames.includes(path.basename(file, ".json"))) continue;
  console.log(`invalid ${file}: it is not in the table; import it in policies/index.ts`);
  process.exitCode = 1;
}
