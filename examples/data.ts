import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "csv-parse/sync";

const folder = path.join(import.meta.dirname, "data");

/** The text of a data file, such as "orders.csv". */
export function dataText(name: string): string {
  return readFileSync(path.join(folder, name), "utf8");
}

/** A CSV file with a header line, as one record of strings per row. */
export function dataRows(name: string): Record<string, string>[] {
  return parse(dataText(name), { columns: true });
}

/** The text of the configuration files, by path below data/. */
export function configFiles(): Record<string, string> {
  const names = readdirSync(path.join(folder, "config")).sort();
  return Object.fromEntries(names.map((name) => [`config/${name}`, dataText(`config/${name}`)]));
}

/** The source of a program that the scripted model runs in the sandbox. */
export function programText(name: string): string {
  return readFileSync(path.join(import.meta.dirname, "programs", `${name}.js`), "utf8");
}
