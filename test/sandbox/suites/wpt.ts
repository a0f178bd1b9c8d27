/** The Web Platform Tests of what the sandbox has of the web: files for any global, in testharness.js's shell. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Sandbox } from "./sandbox_worker.ts";

const areas: Record<string, string[]> = {
  url: ["url"],
  encoding: ["encoding"],
  base64: ["html/webappapis/atob"],
  structuredClone: ["html/webappapis/structured-clone"],
  abort: ["dom/abort"],
  events: ["dom/events"],
  Blob: ["FileAPI/blob", "FileAPI/file"],
  FormData: ["xhr/formdata"],
  Headers: ["fetch/api/headers"],
  Response: ["fetch/api/response"],
  streams: ["streams"],
  compression: ["compression"],
  crypto: [
    "WebCryptoAPI/digest",
    "WebCryptoAPI/generateKey",
    "WebCryptoAPI/import_export",
    "WebCryptoAPI/sign_verify",
  ],
};

const isTest = (name: string): boolean =>
  /\.any\.js$/.test(name) && !/tentative|crashtest/.test(name);

/** A test with its harness and scripts, and the data files that it fetches. */
function programOf(suite: string, file: string): { code: string; files: Record<string, string> } {
  const text = readFileSync(file, "utf8");
  const folder = path.dirname(file);
  const pathOf = (name: string): string =>
    name.startsWith("/") ? path.join(suite, name) : path.resolve(folder, name);
  const scripts = [...text.matchAll(/^\/\/ META: script=(\S+)/gm)].map(([, name = ""]) =>
    readFileSync(pathOf(name), "utf8"),
  );
  const files: Record<string, string> = {};
  for (const [, name = ""] of (text + scripts.join("")).matchAll(
    /["'`]([\w./-]*resources\/[\w./-]+\.json)["'`]/g,
  )) {
    if (existsSync(pathOf(name)))
      files[name.replace(/^\//, "")] = readFileSync(pathOf(name), "utf8");
  }
  const harness = readFileSync(path.join(suite, "resources/testharness.js"), "utf8");
  const parts = [harness, ...scripts, text];
  const code = `globalThis.self = globalThis;
globalThis.location = { href: "http://web-platform.test/", search: "", pathname: "/" };
globalThis.GLOBAL = { isWindow: () => false, isWorker: () => false, isShadowRealm: () => false };
globalThis.fetch = async (name) => new Response(fs.readFileSync(String(name).replace(/^\\//, ""), "utf8"));
const parts = ${JSON.stringify(parts)};
(0, eval)(parts[0]);
add_completion_callback((tests) => console.log("DONE " + tests.filter((t) => t.status === 0).length + " " + tests.length));
for (const part of parts.slice(1)) (0, eval)(part);
done();`;
  return { code, files };
}

/** Prints passed and run of each area. */
export async function runWpt(suite: string, sandbox: Sandbox): Promise<void> {
  const rows: Record<string, object> = {};
  for (const [area, folders] of Object.entries(areas)) {
    const counts = { passed: 0, run: 0, "files that did not finish": 0 };
    for (const folder of folders) {
      const root = path.join(suite, folder);
      if (!existsSync(root)) continue;
      for (const name of readdirSync(root, { recursive: true, encoding: "utf8" })
        .filter(isTest)
        .sort()) {
        const { code, files } = programOf(suite, path.join(root, name));
        const { logs, error } = await sandbox.run(code, files);
        const [, passed, all] = /DONE (\d+) (\d+)/.exec(logs) ?? [];
        if (passed === undefined) {
          counts["files that did not finish"] += 1;
          console.log(`${folder}/${name}: ${error?.message.slice(0, 200) ?? "did not finish"}`);
        }
        counts.passed += Number(passed ?? 0);
        counts.run += Number(all ?? 0);
      }
    }
    rows[area] = counts;
  }
  console.table(rows);
}
