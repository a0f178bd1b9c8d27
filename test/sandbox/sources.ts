/** The text of every source file of the product, by its path. */
interface Globbing {
  glob(
    patterns: string[],
    options: { query: "?raw"; import: "default"; eager: true },
  ): Record<string, string>;
}

declare global {
  interface ImportMeta extends Globbing {}
}

// The bundler finds `import.meta.glob` by its text, so it must not be renamed or wrapped.
const modules = import.meta.glob(
  [
    "../../consumer/**/*.ts",
    "../../producer/**/*.ts",
    "../../shared/**/*.ts",
    "../../policies/**/*.ts",
  ],
  { query: "?raw", import: "default", eager: true },
);

export const sources: ReadonlyMap<string, string> = new Map(
  Object.entries(modules).map(([path, text]) => [path.replace("../../", ""), text]),
);
