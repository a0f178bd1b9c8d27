/** The real wrangler deploys small stand-ins of both Workers, with the real settings and migrations. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { createReadApi } from "../../../producer/deploy/account.ts";
import { deploy } from "../../../producer/deploy/deploy.ts";
import { createWrangler } from "../../../producer/deploy/wrangler.ts";
import { accountId, FakeApi } from "./api/fake_api.ts";

/** Each of about 60 calls of wrangler takes one to five seconds. */
const patienceMs = 600_000;

const root = fs.mkdtempSync(path.join(os.tmpdir(), "deploy-"));
const write = (file: string, text: string): void => {
  fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  fs.writeFileSync(path.join(root, file), text);
};
const consumer = "export class Governor {}\nexport default { queue() {} };\n";
write("consumer/index.ts", consumer);
write("consumer/sandbox/microvm/consumer_with_microvm.ts", `${consumer}export class MicroVm {}\n`);
write("producer/index.ts", "export default { fetch: () => new Response() };\n");
write(".build/dashboard/index.html", "<p>dashboard</p>\n");
fs.symlinkSync(path.resolve("node_modules"), path.join(root, "node_modules"));
fs.cpSync("shared/migrations", path.join(root, "shared/migrations"), { recursive: true });
for (const worker of ["consumer", "producer"]) {
  fs.copyFileSync(`wrangler.${worker}.toml`, path.join(root, `wrangler.${worker}.toml`));
}

const names = ["CLOUDFLARE_API_BASE_URL", "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID"];
const before = names.map((name) => process.env[name]);
let api: FakeApi;
let apiUrl: string;

beforeEach(async () => {
  api = new FakeApi();
  apiUrl = await api.start();
  [apiUrl, "token", accountId].forEach((value, index) => {
    process.env[names[index] ?? ""] = value;
  });
});
afterEach(() => api.stop());
afterAll(() => {
  names.forEach((name, index) => {
    if (before[index] === undefined) delete process.env[name];
    else process.env[name] = before[index];
  });
  fs.rmSync(root, { recursive: true, force: true });
});

async function runDeploy(options: { microvm?: boolean } = {}): Promise<string> {
  const printed: string[] = [];
  const wrangler = createWrangler(root);
  await deploy(
    { root, environment: "production", ...options, newKey: false, dryRun: false },
    {
      wrangler,
      api: createReadApi(wrangler, apiUrl),
      environment: { CLOUDFLARE_ACCOUNT_ID: accountId },
      print: (line) => void printed.push(line),
      isHealthy: async () => true,
    },
  ).catch((error) => {
    throw Object.assign(error, { printed: printed.join("\n"), unknown: api.unknown });
  });
  return printed.join("\n");
}

const consumerOf = () => {
  const script = api.scripts.get("flotilla-consumer-production");
  return { tag: script?.tag, classes: [...(script?.classes.keys() ?? [])] };
};
const withContainers = { tag: "microvm", classes: ["Governor", "MicroVm"] };

test("wrangler creates a fleet with microvm, repairs it from another machine, and turns microvm off", {
  timeout: patienceMs,
}, async () => {
  api.failing = /^(PUT|PATCH) .*FLEET_API_KEY/;
  const error = await runDeploy({ microvm: true }).catch((thrown) => thrown);
  expect(error.message).toContain("broken off");
  expect(error.printed).toContain("shown only once");
  expect(consumerOf()).toEqual(withContainers);
  api.failing = null;

  fs.rmSync(path.join(root, ".build/deploy"), { recursive: true });
  const printed = await runDeploy();
  expect(printed).toContain("microvm on");
  expect(printed).toContain("https://flotilla-producer-production");
  expect(consumerOf()).toEqual(withContainers);
  expect(api.containers.size).toBe(1);
  const producer = api.scripts.get("flotilla-producer-production");
  expect([...(producer?.secrets.keys() ?? [])]).toEqual(["FLEET_API_KEY"]);

  await runDeploy({ microvm: false });
  expect(consumerOf()).toEqual({ tag: "microvm-2", classes: ["Governor"] });
  expect([api.containers.size, api.unknown]).toEqual([0, []]);
});

test("wrangler refuses an account without the plan or the name, and nothing is made", {
  timeout: patienceMs,
}, async () => {
  api.hasSubdomain = false;
  await expect(runDeploy()).rejects.toThrow("no workers.dev name");
  api.hasSubdomain = true;
  api.isPaid = false;
  await expect(runDeploy()).rejects.toThrow("Workers Paid");
  const counts = [api.databases, api.buckets, api.queues, api.scripts].map(({ size }) => size);
  expect(counts).toEqual([0, 0, 0, 0]);
});
