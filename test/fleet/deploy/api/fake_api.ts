/** A Cloudflare API on 127.0.0.1, complete enough that the real wrangler deploys a fleet to it. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { runSql } from "./statements.ts";
import { bindingsOf, metadataOf, Refusal, type Script, upload } from "./workers.ts";

interface Call {
  method: string;
  path: string;
  query: URLSearchParams;
  body: Buffer;
  contentType: string;
}

interface Queue {
  queue_name: string;
  consumers: Record<string, unknown>[];
}

type Handler = (call: Call, ...parts: string[]) => unknown;

export const accountId = "0123456789abcdef0123456789abcdef";
const createdAt = "2026-01-01T00:00:00Z";

const jsonOf = (call: Call) => JSON.parse(call.body.toString("utf8"));

function requireFound<Value>(value: Value | undefined, code = 10007): Value {
  if (value === undefined) throw new Refusal(404, code, "not found");
  return value;
}

export class FakeApi {
  readonly databases = new Map<string, { name: string; sqlite: DatabaseSync }>();
  readonly buckets = new Set<string>();
  readonly queues = new Map<string, Queue>();
  readonly scripts = new Map<string, Script>();
  readonly containers = new Map<string, { name: string; durable_objects: unknown }>();
  hasSubdomain = true;
  isPaid = true;
  /** Rejects the first call whose method, path and body match it. */
  failing: RegExp | null = null;
  /** Calls that this API does not know: it must be extended. */
  readonly unknown: string[] = [];
  #ids = 0;
  #server: http.Server | null = null;

  /** Starts it and returns the base URL of the API. */
  async start(): Promise<string> {
    const server = http.createServer((request, response) => void this.#reply(request, response));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/client/v4`;
  }

  stop(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  async #reply(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url ?? "", "http://api");
    const call = {
      method: request.method ?? "",
      path: url.pathname.replace("/client/v4", "").replace(`/accounts/${accountId}/`, "/"),
      query: url.searchParams,
      body: Buffer.concat(chunks),
      contentType: request.headers["content-type"] ?? "",
    };
    const { status, ...content } = this.#run(call);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ messages: [], ...content }));
  }

  #run(call: Call) {
    try {
      const line = `${call.method} ${call.path} ${call.body.toString("latin1")}`;
      if (this.failing?.test(line)) throw new Refusal(400, 10000, "broken off");
      const result = this.#route(call);
      const count = Array.isArray(result) ? result.length : 1;
      const result_info = { page: 1, per_page: 100, count, total_count: count, total_pages: 1 };
      return { status: 200, success: true, errors: [], result, result_info };
    } catch (error) {
      const { status, code } = error instanceof Refusal ? error : { status: 400, code: 7500 };
      const message = error instanceof Error ? error.message : String(error);
      return { status, success: false, errors: [{ code, message }], result: null, error: message };
    }
  }

  #route(call: Call): unknown {
    for (const [pattern, handler] of this.#routes) {
      const parts = pattern.exec(`${call.method} ${call.path}`);
      if (parts !== null) return handler(call, ...parts.slice(1));
    }
    this.unknown.push(`${call.method} ${call.path}`);
    throw new Refusal(404, 7003, "no such route");
  }

  #id(): string {
    this.#ids += 1;
    return `00000000-0000-4000-8000-${String(this.#ids).padStart(12, "0")}`;
  }

  readonly #person: [RegExp, Handler][] = [
    [/^GET \/user$/, () => ({ id: "user", email: "someone@example.com" })],
    [/^GET \/user\/tokens\/verify$/, () => ({ id: "token", status: "active" })],
    [/^GET \/accounts$/, () => [{ id: accountId, name: "account" }]],
    [
      /^GET \/memberships$/,
      () => [{ id: "membership", account: { id: accountId, name: "account" }, roles: [] }],
    ],
  ];

  readonly #data: [RegExp, Handler][] = [
    [
      /^GET \/d1\/database$/,
      ({ query }) =>
        [...this.databases]
          .filter(([, { name }]) => (query.get("name") ?? name) === name)
          .map(([uuid, { name }]) => ({ uuid, name, version: "production" })),
    ],
    [
      /^POST \/d1\/database$/,
      (call) => {
        const uuid = this.#id();
        const { name } = jsonOf(call);
        this.databases.set(uuid, { name, sqlite: new DatabaseSync(":memory:") });
        return { uuid, name, version: "production" };
      },
    ],
    [
      /^GET \/d1\/database\/([^/]+)$/,
      (_, uuid = "") => ({ uuid, name: requireFound(this.databases.get(uuid), 7404).name }),
    ],
    [
      /^POST \/d1\/database\/([^/]+)\/query$/,
      (call, uuid = "") => {
        const { sql, params } = jsonOf(call);
        return runSql(requireFound(this.databases.get(uuid), 7404).sqlite, sql, params);
      },
    ],
    [
      /^GET \/r2\/buckets\/([^/]+)$/,
      (_, name = "") => {
        requireFound(this.buckets.has(name) ? name : undefined, 10006);
        return { name, creation_date: createdAt, location: "WEUR", storage_class: "Standard" };
      },
    ],
    [
      /^POST \/r2\/buckets$/,
      (call) => {
        const { name } = jsonOf(call);
        this.buckets.add(name);
        return { name };
      },
    ],
    [/^POST \/graphql$/, () => ({ viewer: { accounts: [] } })],
  ];

  #queueView(id: string): unknown {
    const queue = requireFound(this.queues.get(id), 11000);
    const counts = { producers_total_count: 0, consumers_total_count: queue.consumers.length };
    const settings = { delivery_delay: 0, message_retention_period: 345_600 };
    const dates = { created_on: createdAt, modified_on: createdAt };
    return { queue_id: id, producers: [], settings, ...dates, ...counts, ...queue };
  }

  readonly #queue: [RegExp, Handler][] = [
    [
      /^GET \/queues$/,
      ({ query }) => {
        const names = query.getAll("name");
        const isWanted = (name: string) => names.length === 0 || names.includes(name);
        return [...this.queues]
          .filter(([, { queue_name }]) => isWanted(queue_name))
          .map(([id]) => this.#queueView(id));
      },
    ],
    [
      /^POST \/queues$/,
      (call) => {
        const id = this.#id().replaceAll("-", "");
        this.queues.set(id, { queue_name: jsonOf(call).queue_name, consumers: [] });
        return this.#queueView(id);
      },
    ],
    [/^GET \/queues\/([^/]+)$/, (_, id = "") => this.#queueView(id)],
    [
      /^GET \/queues\/([^/]+)\/consumers$/,
      (_, id = "") => requireFound(this.queues.get(id)).consumers,
    ],
    [
      /^POST \/queues\/([^/]+)\/consumers$/,
      (call, id = "") => {
        const { consumers } = requireFound(this.queues.get(id), 11000);
        if (consumers.length > 0) throw new Refusal(400, 11004, "Queue already has a consumer");
        const { script_name, ...rest } = jsonOf(call);
        const consumer = { ...rest, consumer_id: this.#id(), script: script_name, type: "worker" };
        consumers.push(consumer);
        return consumer;
      },
    ],
    [
      /^PUT \/queues\/([^/]+)\/consumers\/([^/]+)$/,
      (_, id = "", consumer) =>
        requireFound(this.queues.get(id)).consumers.find(
          ({ consumer_id }) => consumer_id === consumer,
        ),
    ],
  ];

  readonly #container: [RegExp, Handler][] = [
    [/^GET \/containers\/me$/, () => ({ account_id: accountId, limits: {}, locations: [] })],
    [
      /^GET \/containers\/applications$/,
      () => [...this.containers].map(([id, application]) => ({ id, ...application })),
    ],
    [
      /^POST \/containers\/applications$/,
      (call) => {
        const id = this.#id();
        this.containers.set(id, jsonOf(call));
        return { id, ...jsonOf(call) };
      },
    ],
    [
      /^DELETE \/containers\/applications\/([^/]+)$/,
      (_, id = "") => {
        this.containers.delete(id);
        return null;
      },
    ],
  ];

  readonly #worker: [RegExp, Handler][] = [
    [
      /^GET \/workers\/subdomain$/,
      () => ({ subdomain: requireFound(this.hasSubdomain ? "someone" : undefined) }),
    ],
    [
      /^GET \/workers\/services\/([^/]+)$/,
      (_, name = "") => {
        const { tag } = requireFound(this.scripts.get(name), 10090);
        const script = { id: name, tag: "tag", last_deployed_from: "wrangler", migration_tag: tag };
        return { id: name, default_environment: { environment: "production", script } };
      },
    ],
    [
      /^PUT \/workers\/scripts\/([^/]+)$/,
      (call, name = "") => {
        this.#upload(call, name);
        const startup = { startup_time_ms: 1, entry_point: "index.js" };
        return { id: name, etag: "etag", deployment_id: this.#id(), ...startup };
      },
    ],
    // How wrangler uploads a Worker that exists and has no new Durable Object migration.
    [
      /^POST \/workers\/scripts\/([^/]+)\/versions$/,
      (call, name = "") => {
        this.#upload(call, name);
        const resources = { script: { etag: "etag" }, bindings: [] };
        return { id: this.#id(), number: 1, startup_time_ms: 1, metadata: {}, resources };
      },
    ],
    [
      /^(?:GET|PATCH|PUT) \/workers\/workers\/([^/]+)$/,
      (call, name = "") => {
        const script = requireFound(this.scripts.get(name));
        if (call.method !== "GET") Object.assign(script.subdomain, jsonOf(call).subdomain);
        return { id: name, name, subdomain: script.subdomain, observability: {}, tags: [] };
      },
    ],
    [
      /^PATCH \/workers\/workers\/([^/]+)\/versions\/latest$/,
      (call, name = "") => {
        const { secrets } = requireFound(this.scripts.get(name));
        for (const [secret, value] of Object.entries(jsonOf(call).env ?? {})) {
          secrets.set(secret, (value as { text: string }).text);
        }
        return { id: this.#id(), number: 1 };
      },
    ],
    [
      /^(?:GET|POST) \/workers\/scripts\/([^/]+)\/(.+)$/,
      (call, name = "", part = "") => this.#partOf(call, name, part),
    ],
    [
      /^(?:PUT|PATCH) \/workers\/scripts\/([^/]+)\/(.+)$/,
      (call, name = "", part = "") => this.#partOf(call, name, part),
    ],
    [/^POST \/workers\/assets\/upload$/, () => ({ jwt: "completed" })],
    [/^GET \/workers\/domains$/, () => []],
  ];

  #upload(call: Call, name: string): void {
    const metadata = metadataOf(call.body, call.contentType);
    for (const { type, service = "" } of metadata.bindings ?? []) {
      if (type === "service") requireFound(this.scripts.get(service), 10143);
    }
    const rest = { source: call.body.toString("latin1"), isPaid: this.isPaid };
    this.scripts.set(name, upload(name, this.scripts.get(name), metadata, rest));
  }

  #partOf(call: Call, name: string, part: string): unknown {
    if (part === "assets-upload-session") return { jwt: "completed", buckets: [] };
    const script = requireFound(this.scripts.get(name));
    const version = { id: `version-${script.uploads}`, number: script.uploads };
    const resources = { bindings: bindingsOf(script), script: { etag: "etag", handlers: [] } };
    const parts: Record<string, () => unknown> = {
      settings: () => ({ bindings: bindingsOf(script) }),
      "script-settings": () => ({}),
      routes: () => [],
      schedules: () => ({ schedules: [] }),
      versions: () => ({ items: [{ ...version, metadata: { created_on: createdAt } }] }),
      deployments: () => (call.method === "POST" ? { id: this.#id() } : { deployments: [] }),
      secrets: () => {
        if (call.method === "PUT") script.secrets.set(jsonOf(call).name, jsonOf(call).text);
        return [...script.secrets.keys()].map((key) => ({ name: key, type: "secret_text" }));
      },
      subdomain: () => {
        if (call.method === "POST") Object.assign(script.subdomain, jsonOf(call));
        return script.subdomain;
      },
    };
    if (part.startsWith("versions/")) return { ...version, resources, metadata: {} };
    const handler = parts[part];
    if (handler !== undefined) return handler();
    this.unknown.push(`${call.method} scripts/${name}/${part}`);
    throw new Refusal(404, 7003, "no such part of a Worker");
  }

  readonly #routes: [RegExp, Handler][] = [
    ...this.#person,
    ...this.#data,
    ...this.#queue,
    ...this.#container,
    ...this.#worker,
  ];
}
