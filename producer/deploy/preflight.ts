/** What an account must have, checked before anything is made. */
import fs from "node:fs";
import path from "node:path";
import type { ReadApi } from "./account.ts";
import type { Settings } from "./settings.ts";
import { DeployError, type Wrangler } from "./wrangler.ts";

/**
 * Without a workers.dev name the upload of the producer would fail after everything else is made.
 * A token that may not read the name does not stop the deploy.
 */
export async function mustHaveAddress(
  api: ReadApi,
  account: string,
  producer: Settings,
): Promise<void> {
  const { workers_dev, route, routes } = producer;
  if (workers_dev !== true || route !== undefined || routes !== undefined) return;
  const { status } = await api(`/accounts/${account}/workers/subdomain`);
  if (status === 200 || status === 403) return;
  if (status !== 404) throw new DeployError(`cannot read the workers.dev name: status ${status}`);
  throw new DeployError(
    `the account has no workers.dev name, so the producer would have no address: choose one at https://dash.cloudflare.com/${account}/workers/onboarding`,
  );
}

/**
 * Uploads an empty consumer with the limits and bindings that only a paid plan has, so that an account
 * without one is rejected before anything else is made. The upload of the real consumer replaces it.
 * `folder` is relative to `root`.
 */
export async function mustHavePlan(
  wrangler: Wrangler,
  { root, folder, account }: { root: string; folder: string; account: string },
  consumer: Settings,
): Promise<void> {
  const { name, compatibility_date, limits, worker_loaders } = consumer;
  const probe = {
    ...{ name, compatibility_date, limits, worker_loaders },
    main: "probe.js",
    workers_dev: false,
    vars: { FLEET_MODE: "deployed" },
  };
  const file = path.join(folder, "wrangler.probe.json");
  fs.mkdirSync(path.join(root, folder), { recursive: true });
  fs.writeFileSync(path.join(root, file), JSON.stringify(probe, null, 2));
  fs.writeFileSync(path.join(root, folder, "probe.js"), "export default { queue() {} };\n");
  const { ok, output } = await wrangler(["deploy", "-c", file]);
  if (ok) return;
  throw new DeployError(
    `the account does not accept the consumer, and nothing was made. A fleet needs the Workers Paid plan (https://dash.cloudflare.com/${account}/workers/plans). Wrangler says:\n${output.trim()}`,
  );
}
