/**
 * Packages that a program can import. Each is bundled when the sandbox is built and evaluated when a program
 * first asks for it: one that asks for none pays nothing. To add one, install it exactly
 * (`npm install --save-dev --save-exact name`), add a line, and build again.
 */
export interface SandboxPackage {
  /** The name that a program imports. */
  name: string;
  /** The bundled file, if it is not the package's main file. */
  entry?: string;
  /** This is a part of another package and is not listed separately. */
  isPart?: true;
}

const dayjsPlugins = [
  "advancedFormat",
  "customParseFormat",
  "duration",
  "isBetween",
  "isoWeek",
  "isSameOrAfter",
  "isSameOrBefore",
  "localizedFormat",
  "quarterOfYear",
  "relativeTime",
  "timezone",
  "utc",
  "weekOfYear",
];

export const sandboxPackages: readonly SandboxPackage[] = [
  { name: "cheerio" },
  { name: "csv-parse/sync" },
  { name: "csv-parse", entry: "csv-parse/sync", isPart: true },
  { name: "date-fns" },
  { name: "dayjs" },
  ...dayjsPlugins.map((plugin) => ({ name: `dayjs/plugin/${plugin}`, isPart: true as const })),
  { name: "fast-xml-parser" },
  { name: "fastest-levenshtein" },
  { name: "fflate" },
  { name: "handlebars", entry: "handlebars/dist/cjs/handlebars.js" },
  { name: "jszip" },
  { name: "lodash" },
  { name: "lodash-es", entry: "lodash", isPart: true },
  { name: "luxon" },
  { name: "marked" },
  { name: "moment" },
  { name: "papaparse" },
  {
    name: "simple-statistics",
    entry: "./node_modules/simple-statistics/dist/simple-statistics.mjs",
  },
  { name: "uuid" },
  { name: "xlsx" },
  { name: "yaml" },
  { name: "zod" },
];

/** The names that the prompt and the error messages list. */
export const packageNames = sandboxPackages.flatMap(({ name, isPart }) => (isPart ? [] : [name]));
