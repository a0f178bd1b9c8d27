import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import consumer from "../../../consumer/index.ts";
import { webhookHeaders } from "../../../consumer/notify/sign.ts";
import { webhookLimits } from "../../../shared/limits.ts";
import type { WebhookRow } from "../../../shared/store/webhooks.ts";
import { runTask, type TestConsumer, testConsumer } from "../harness.ts";

const secret = `whsec_${btoa("a secret of thirty-two bytes ....")}`;
const policy = {
  rules: [{ host: "hooks.example", methods: ["POST"], route: "HOOKS" }],
  secrets: ["HOOK_KEY"],
};
const target = { url: "https://hooks.example/fleet", secret: "HOOK_KEY" };
/** A policy of two tenants with this entry in its secrets. */
const sharedPolicy = (entry: unknown) => ({
  FLEET_POLICIES: JSON.stringify({
    webhooks: { ...policy, tenants: ["default", "acme"], secrets: [entry] },
  }),
});
const spec = { prompt: "p", rehearsal: [{ text: "yes" }] };

interface Received {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** A consumer whose webhooks reach an endpoint that replies with these statuses; the last one repeats. */
function consumerWithEndpoint(statuses: number[], overrides: Record<string, unknown> = {}) {
  const received: Received[] = [];
  // The fleet recognises services by this class name of the platform's stubs.
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
  const on = testConsumer({
    FLEET_POLICIES: JSON.stringify({ webhooks: policy }),
    SECRET_HOOK_KEY: secret,
    HOOKS: new Fetcher(),
    ...overrides,
  });
  return { on, received };
}

async function runWithWebhook(on: TestConsumer, webhook: object = target): Promise<string> {
  const { id } = await runTask(spec, { consumer: on, row: { webhook: JSON.stringify(webhook) } });
  return id;
}

async function readWebhook(subject: string): Promise<WebhookRow> {
  const row = await env.DB.prepare("SELECT * FROM webhooks WHERE subject = ?1")
    .bind(subject)
    .first<WebhookRow>();
  if (row === null) throw new Error(`no webhook of ${subject}`);
  return row;
}

/** Delivers the message of the next try, or of the given one. */
async function deliver(on: TestConsumer, subject: string, tries?: number): Promise<WebhookRow> {
  const hook = await readWebhook(subject);
  const body = { v: 1, webhook_id: hook.id, tries: tries ?? hook.tries };
  const message = { id: "m", timestamp: new Date(), attempts: 1, body };
  const batch = createMessageBatch("webhooks", [message]);
  const context = createExecutionContext();
  await consumer.queue(batch, on.env);
  expect((await getQueueResult(batch, context)).explicitAcks).toEqual(["m"]);
  return readWebhook(subject);
}

describe("a task that ends", () => {
  it("sends its webhook once, with a signature that the standard's library verifies", async () => {
    const { on, received } = consumerWithEndpoint([204]);
    const id = await runWithWebhook(on);
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

  it("writes the row of its webhook with the settlement, and none without a webhook", async () => {
    const { on } = consumerWithEndpoint([200]);
    expect(await readWebhook(await runWithWebhook(on))).toMatchObject({
      state: "waiting",
      tries: 0,
      event: "task.ended",
    });
    const { id } = await runTask(spec, { consumer: on });
    await expect(readWebhook(id)).rejects.toThrow("no webhook");
  });
});

describe("a webhook that fails", () => {
  it("is tried again under the same id with growing delays for more than a day, then is dead", async () => {
    const { on, received } = consumerWithEndpoint([500]);
    const id = await runWithWebhook(on);
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
    ["a status just above the successful ones", [300], {}, target, "HTTP 300"],
    [
      "a host that the policy does not list",
      [200],
      {},
      { ...target, url: "https://other.example/" },
      "denied by the policy: no_rule",
    ],
    [
      "http",
      [200],
      {},
      { ...target, url: "http://hooks.example/" },
      "denied by the policy: no_rule",
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
      "Policy webhooks is invalid: rules is invalid; write a list of at most",
    ],
    [
      "a secret that now belongs to another tenant",
      [200],
      sharedPolicy({ name: "HOOK_KEY", tenants: ["acme"] }),
      target,
      "the policy webhooks does not list the secret HOOK_KEY for the tenant default",
    ],
    [
      "a secret that now signs for another host",
      [200],
      sharedPolicy({ name: "HOOK_KEY", tenants: ["default"], hosts: ["other.example"] }),
      target,
      "the policy webhooks does not list this host for the secret HOOK_KEY",
    ],
    [
      "a secret that a policy of two tenants lists without a tenant",
      [200],
      sharedPolicy("HOOK_KEY"),
      target,
      "Policy webhooks is invalid: secrets[0] ",
    ],
  ])(
    "because of %s is tried again, and its row has the cause",
    async (_name, statuses, overrides, webhook, error) => {
      const { on, received } = consumerWithEndpoint(statuses, overrides);
      expect(await deliver(on, await runWithWebhook(on, webhook))).toMatchObject({
        state: "waiting",
        last_error: expect.stringContaining(error),
      });
      expect(received).toHaveLength(statuses[0] === 200 ? 0 : 1);
    },
  );

  it("stores at most 300 characters of its error", async () => {
    const { on } = consumerWithEndpoint([200]);
    const webhook = { ...target, secret: "S".repeat(400) };
    const { last_error } = await deliver(on, await runWithWebhook(on, webhook));
    expect(last_error).toHaveLength(webhookLimits.errorCharsMax);
  });

  it("with status 410 is dead at once", async () => {
    const { on } = consumerWithEndpoint([410]);
    expect(await deliver(on, await runWithWebhook(on))).toMatchObject({
      state: "dead",
      last_error: "HTTP 410",
    });
  });
});

it("a webhook of a task that was redriven meanwhile reports the earlier run", async () => {
  const { on, received } = consumerWithEndpoint([200]);
  const id = await runWithWebhook(on);
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

it("a secret without the base64 prefix signs with its own bytes", async () => {
  const headers = Object.fromEntries(await webhookHeaders("plain", "hook_1", 1_700_000_000, "{}"));
  const encoded = Object.fromEntries(
    await webhookHeaders(`whsec_${btoa("plain")}`, "hook_1", 1_700_000_000, "{}"),
  );
  expect(headers).toEqual(encoded);
});
