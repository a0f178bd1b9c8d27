/** An account in memory that behaves like wrangler and Cloudflare's API, and records every call. */
import fs from "node:fs";
import path from "node:path";
import type { ReadApi } from "../../../producer/deploy/account.ts";
import type { Wrangler, WranglerRun } from "../../../producer/deploy/wrangler.ts";

interface StoredWorker {
  migrationTag: string | null;
  classes: Set<string>;
  bindings: string[];
}

interface Migration {
  tag: string;
  new_sqlite_classes?: string[];
  deleted_classes?: string[];
}

const success = (output = ""): WranglerRun => ({ ok: true, output });
const failure = (output: string): WranglerRun => ({ ok: false, output });

export class Account {
  readonly databases = new Map<string, string>();
  /** The tables and views of each database. */
  readonly tables = new Map<string, string[]>();
  /** The number of objects of each bucket. */
  readonly buckets = new Map<string, number>();
  /** The consumer of each queue. */
  readonly queues = new Map<string, string | null>();
  readonly secrets = new Map<string, Map<string, string>>();
  readonly workers = new Map<string, StoredWorker>();
  /** The namespace of each container application. */
  readonly containers = new Map<string, string>();
  readonly deployed: string[] = [];
  readonly calls: string[] = [];
  /** The location of each created database. */
  readonly locations: string[] = [];
  signedIn = true;
  accounts = [{ id: "account-1", name: "one" }];
  hasSubdomain = true;
  hasPlan = true;
  /** The first arguments of a call that fails, and its output. */
  failing: { args: string; output: string } | null = null;
  /** The number of the call that fails, from 0. */
  failingCall = Number.POSITIVE_INFINITY;

  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  readonly wrangler: Wrangler = async (args, input) => {
    const line = args.join(" ");
    this.calls.push(line);
    if (this.calls.length - 1 === this.failingCall) return failure("broken off");
    if (this.failing !== null && line.startsWith(this.failing.args)) {
      return failure(this.failing.output);
    }
    return this.#run(args, line, input ?? "");
  };

  readonly api: ReadApi = async (place) => {
    this.calls.push(`GET ${place}`);
    if (this.calls.length - 1 === this.failingCall) return { status: 500, result: null };
    if (this.failing !== null && place.includes(this.failing.args)) {
      return { status: 500, result: null };
    }
    const missing = { status: 404, result: null };
    const queue = /\/queues\?.*name=(.*)$/.exec(place)?.[1];
    if (queue !== undefined) return { status: 200, result: this.#queuesOf(queue) };
    if (place.endsWith("/workers/subdomain")) {
      return this.hasSubdomain ? { status: 200, result: { subdomain: "someone" } } : missing;
    }
    if (place.endsWith("/containers/applications")) {
      return { status: 200, result: [...this.containers].map(([name, id]) => ({ id, name })) };
    }
    const [, kind, name = ""] = /\/workers\/(services|scripts)\/([^/]+)/.exec(place) ?? [];
    const worker = this.workers.get(name);
    if (worker === undefined) return missing;
    const script = { migration_tag: worker.migrationTag ?? undefined };
    const result =
      kind === "services"
        ? { default_environment: { script } }
        : { bindings: worker.bindings.map((binding) => ({ name: binding })) };
    return { status: 200, result };
  };

  #run(args: readonly string[], line: string, input: string): WranglerRun {
    const last = args.at(-1) ?? "";
    if (line.startsWith("whoami")) {
      return this.signedIn ? success(JSON.stringify({ accounts: this.accounts })) : failure("");
    }
    if (line === "d1 list --json") {
      const rows = [...this.databases].map(([name, uuid]) => ({ name, uuid }));
      return success(`a banner\n${JSON.stringify(rows)}\n`);
    }
    if (line.startsWith("d1 create")) {
      const name = args[2] ?? "";
      this.databases.set(name, `id-of-${name}`);
      if (args[3] === "--location") this.locations.push(args[4] ?? "");
      return success();
    }
    if (line.startsWith("d1 execute")) {
      const tables = this.tables.get(this.#databaseOf(args)) ?? [];
      return success(JSON.stringify([{ results: tables.map((name) => ({ name })) }]));
    }
    if (line.startsWith("d1 migrations")) {
      this.tables.set(this.#databaseOf(args), ["tasks", "task_status"]);
      return success();
    }
    if (/^(r2|queues)/.test(line)) return this.#resource(args);
    if (line.startsWith("deploy")) return this.#deploy(args, last);
    if (line.startsWith("containers delete")) {
      for (const [name, id] of this.containers) if (id === last) this.containers.delete(name);
      return success();
    }
    if (line.startsWith("secret list")) {
      const names = [...(this.secrets.get(args[3] ?? "") ?? new Map()).keys()];
      return success(JSON.stringify(names.map((name) => ({ name }))));
    }
    if (line.startsWith("secret put")) {
      const secrets = this.secrets.get(args[4] ?? "") ?? new Map<string, string>();
      this.secrets.set(args[4] ?? "", secrets.set(args[2] ?? "", input));
    }
    return success();
  }

  #resource(args: readonly string[]): WranglerRun {
    const [kind] = args;
    const [action = "", name = ""] = args.slice(kind === "r2" ? 2 : 1);
    if (kind === "r2") {
      if (action === "create") this.buckets.set(name, 0);
      const objects = this.buckets.get(name);
      if (objects === undefined) return failure(`${name} does not exist.`);
      return success(JSON.stringify({ name, object_count: String(objects) }));
    }
    if (action === "create") this.queues.set(name, null);
    return success();
  }

  #queuesOf(name: string): object[] {
    const consumer = this.queues.get(name);
    if (consumer === undefined) return [];
    const consumers = consumer === null ? [] : [{ type: "worker", script: consumer }];
    return [{ queue_name: name, consumers }];
  }

  #configOf(args: readonly string[]): Record<string, unknown> {
    const file = args[args.indexOf("-c") + 1] ?? "";
    return JSON.parse(fs.readFileSync(path.join(this.#root, file), "utf8"));
  }

  #databaseOf(args: readonly string[]): string {
    const { d1_databases } = this.#configOf(args) as { d1_databases: { database_name: string }[] };
    return d1_databases[0]?.database_name ?? "";
  }

  /** Applies Durable Object migrations as wrangler and the platform do: from the stored tag on. */
  #deploy(args: readonly string[], file: string): WranglerRun {
    if (args.includes("--dry-run")) return success();
    const config = this.#configOf(args);
    const name = String(config.name);
    if (!this.hasPlan && config.limits !== undefined) {
      return failure("cpu_ms is not available on the Free plan [code: 100328]");
    }
    const worker = this.workers.get(name) ?? {
      migrationTag: null,
      classes: new Set(),
      bindings: [],
    };
    const migrations = (config.migrations ?? []) as Migration[];
    const applied = migrations.findIndex(({ tag }) => tag === worker.migrationTag);
    const classes = new Set(worker.classes);
    for (const { new_sqlite_classes = [], deleted_classes = [] } of migrations.slice(applied + 1)) {
      for (const each of new_sqlite_classes) {
        if (classes.has(each)) return failure(`class '${each}' has objects already [code: 10074]`);
        classes.add(each);
      }
      for (const each of deleted_classes) classes.delete(each);
    }
    const hasContainers = String(config.main).includes("microvm");
    if (classes.has("MicroVm") && !hasContainers) {
      return failure("class 'MicroVm' has objects and is not exported any more [code: 10064]");
    }
    if (hasContainers) {
      const id = `namespace-${migrations.at(-1)?.tag}`;
      const application = `${name}-microvm`;
      if ((this.containers.get(application) ?? id) !== id) {
        return failure(`an application ${application} exists with a different namespace`);
      }
      this.containers.set(application, id);
    }
    const { bindings: objects = [] } = (config.durable_objects ?? {}) as {
      bindings?: { name: string }[];
    };
    const lists = [config.d1_databases, config.analytics_engine_datasets] as (
      | { binding: string }[]
      | undefined
    )[];
    const bindings = [
      ...Object.keys(config.vars ?? {}),
      ...lists.flatMap((list) => (list ?? []).map(({ binding }) => binding)),
      ...objects.map((object) => object.name),
    ];
    const migrationTag = migrations.at(-1)?.tag ?? worker.migrationTag;
    this.workers.set(name, { migrationTag, classes, bindings });
    const { consumers = [] } = (config.queues ?? {}) as { consumers?: { queue: string }[] };
    for (const { queue } of consumers) this.queues.set(queue, name);
    if (!file.includes("probe")) this.deployed.push(file);
    return success(`Uploaded\n  https://${name}.someone.workers.dev\n`);
  }
}
