import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import consumer from "../../../consumer/index.ts";
import { webhookHeaders } from "../../../consumer/notify/sign.ts";
import { webhookLimits } from "../../../shared/limits.ts";
import type { WebhookRow } from "../../../shared/store/webhooks.ts";
import { type Bench, bench, runTask } from "../harness.ts";

const secret = `whsec_${btoa("a secret of thirty-two bytes ....")}`;
const policy = {
  rules: [{ host: "hooks.example", methods: ["POST"], route: "HOOKS" }],
  secrets: ["HOOK_KEY"],
};
const target = { url: "https://hooks.example/fleet", secret: "HOOK_KEY" };
/** The policy of two tenants with this entry of its secrets. */
const shared = (entry: unknown) => ({
  FLEET_POLICIES: JSON.stringify({
    webhooks: { ...policy, tenants: ["default", "acme"], secrets: [entry] },
  }),
});
const answering = { prompt: "p", rehearsal: [{ text: "yes" }] };

interface Received {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** A fleet whose webhooks reach this endpoint, which answers with the statuses in turn, its last for ever. */
function hooked(statuses: number[], more: Record<string, unknown> = {}) {
  const received: Received[] = [];
  // Named as the platform's stubs are: the fleet tells services by it.
  class Fetcher {
    async fetch(url: string, init: RequestInit) {
      const headers = Object.fromEntries(new Headers(init.headers));
      const body = await new Response(init.body ?? null).text();
      received.push({ url: String(url), headers, body });
      return new Response(null, {
        status: statuses[received.length - 1] ?? statuses.at(-1) ?? 200,
      });
    }
  }
  const on = bench({
    FLEET_POLICIES: JSON.stringify({ webhooks: policy }),
    SECRET_HOOK_KEY: secret,
    HOOKS: new Fetcher(),
    ...more,
  });
  return { on, received };
}

async function ended(on: Bench, told: object = target): Promise<string> {
  const { id } = await runTask(answering, { bench: on, row: { webhook: JSON.stringify(told) } });
  return id;
}

async function hookOf(subject: string): Promise<WebhookRow> {
  const row = await env.DB.prepare("SELECT * FROM webhooks WHERE subject = ?1")
    .bind(subject)
    .first<WebhookRow>();
  if (row === null) throw new Error(`no webhook of ${subject}`);
  return row;
}

/** Delivers the message of the next try, or of the one that is named. */
async function deliver(on: Bench, subject: string, tries?: number): Promise<WebhookRow> {
  const hook = await hookOf(subject);
  const body = { v: 1, webhook_id: hook.id, tries: tries ?? hook.tries };
  const message = { id: "m", timestamp: new Date(), attempts: 1, body };
  const batch = createMessageBatch("webhooks", [message]);
  const context = createExecutionContext();
  await consumer.queue(batch, on.env);
  expect((await getQueueResult(batch, context)).explicitAcks).toEqual(["m"]);
  return hookOf(subject);
}

describe("a task that ends", () => {
  it("tells its webhook once, signed so that the standard's own library verifies it", async () => {
    const { on, received } = hooked([204]);
    const id = await ended(on);
    expect(await deliver(on, id)).toMatchObject({ state: "delivered", tries: 1, due_at: null });
    await deliver(on, id, 0);
    expect(received).toHaveLength(1);
    const [{ body, headers, url } = { body: "", headers: {}, url: "" }] = received;
    expect(url).toBe("https://hooks.example/fleet");
    const verified = new Webhook(secret).verify(body, headers) as Record<string, unknown>;
    expect(verified).toMatchObject({
      type: "task.ended",
      data: { id, status: "succeeded", reason: "completed", output: { text: "yes" } },
    });
    expect(() => new Webhook(btoa("another secret")).verify(body, headers)).toThrow();
  });

  it("writes its webhook in the settlement itself, and none where it has none", async () => {
    const { on } = hooked([200]);
    expect(await hookOf(await ended(on))).toMatchObject({
      state: "waiting",
      tries: 0,
      event: "task.ended",
    });
    const { id } = await runTask(answering, { bench: on });
    await expect(hookOf(id)).rejects.toThrow("no webhook");
  });
});

describe("a webhook that fails", () => {
  it("is tried again under the same id after ever longer waits, for a day and more, then is dead", async () => {
    const { on, received } = hooked([500]);
    const id = await ended(on);
    const waits: number[] = [];
    for (let n = 0; n < webhookLimits.backOffMs.length; n++) {
      const hook = await deliver(on, id);
      waits.push((hook.due_at ?? 0) - Date.now());
      expect(hook).toMatchObject({ state: "waiting", last_error: "HTTP 500" });
    }
    expect(await deliver(on, id)).toMatchObject({ state: "dead", due_at: null });
    expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(waits.every((wait, n) => n === 0 || wait > (waits[n - 1] ?? 0))).toBe(true);
    expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeGreaterThan(24 * 3_600_000);
  });

  it.each<[string, number[], Record<string, unknown>, object, string]>([
    ["a redirect", [307], {}, target, "HTTP 307"],
    [
      "a host that the policy does not list",
      [200],
      {},
      { ...target, url: "https://other.example/" },
      "refused by the policy: no_rule",
    ],
    [
      "http",
      [200],
      {},
      { ...target, url: "http://hooks.example/" },
      "refused by the policy: no_rule",
    ],
    [
      "a secret that the policy does not list",
      [200],
      {},
      { ...target, secret: "OTHER" },
      "the policy webhooks does not list the secret OTHER for the tenant default",
    ],
    [
      "a secret that is not set",
      [200],
      { SECRET_HOOK_KEY: "" },
      target,
      "the secret HOOK_KEY is not set",
    ],
    [
      "no policy",
      [200],
      { FLEET_POLICIES: JSON.stringify({ webhooks: { rules: 1 } }) },
      target,
      "Policy webhooks is invalid: rules is refused; write a list of at most",
    ],
    [
      "a secret that is another tenant's by now",
      [200],
      shared({ name: "HOOK_KEY", tenants: ["acme"] }),
      target,
      "the policy webhooks does not list the secret HOOK_KEY for the tenant default",
    ],
    [
      "a secret that signs for another host by now",
      [200],
      shared({ name: "HOOK_KEY", tenants: ["default"], hosts: ["other.example"] }),
      target,
      "the policy webhooks does not list this host for the secret HOOK_KEY",
    ],
    [
      "a secret that a policy of two tenants lists for nobody",
      [200],
      shared("HOOK_KEY"),
      target,
      "Policy webhooks is invalid: secrets[0] ",
    ],
  ])("for %s is tried again, and says why", async (_name, statuses, more, told, error) => {
    const { on, received } = hooked(statuses, more);
    expect(await deliver(on, await ended(on, told))).toMatchObject({
      state: "waiting",
      last_error: expect.stringContaining(error),
    });
    expect(received).toHaveLength(statuses[0] === 307 ? 1 : 0);
  });

  it("with 410 is dead at once: its endpoint is gone", async () => {
    const { on } = hooked([410]);
    expect(await deliver(on, await ended(on))).toMatchObject({
      state: "dead",
      last_error: "HTTP 410",
    });
  });
});

it("a webhook of a run that was redriven meanwhile tells that run", async () => {
  const { on, received } = hooked([200]);
  const id = await ended(on);
  await env.DB.prepare(
    `UPDATE tasks SET history = json_array(json_object('fence', fence, 'status', 'failed',
       'reason', 'no_progress', 'finished_at', 5000, 'usage', json('{}'), 'error', NULL)),
       fence = fence + 1, status = 'queued', reason = NULL, sweep_at = 1, finished_at = NULL WHERE id = ?1`,
  )
    .bind(id)
    .run();
  await deliver(on, id);
  expect(JSON.parse(received[0]?.body ?? "{}")).toMatchObject({
    data: { id, status: "failed", reason: "no_progress" },
  });
});

it("a secret that is not base64 signs with its own bytes", async () => {
  const headers = Object.fromEntries(await webhookHeaders("plain", "hook_1", 1_700_000_000, "{}"));
  const again = Object.fromEntries(
    await webhookHeaders(`whsec_${btoa("plain")}`, "hook_1", 1_700_000_000, "{}"),
  );
  expect(headers).toEqual(again);
});
