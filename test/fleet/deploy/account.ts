/** An account in memory that behaves like wrangler and records every call. */
import type { Wrangler, WranglerRun } from "../../../producer/deploy/wrangler.ts";

export class Account {
  readonly databases = new Map<string, string>();
  readonly buckets = new Set<string>();
  readonly queues = new Set<string>();
  readonly secrets = new Map<string, Map<string, string>>();
  readonly deployed: string[] = [];
  readonly calls: string[] = [];
  signedIn = true;
  /** The first arguments of a call that fails, and its output. */
  failing: { args: string; output: string } | null = null;

  readonly wrangler: Wrangler = async (args, input) => {
    const line = args.join(" ");
    this.calls.push(line);
    if (this.failing !== null && line.startsWith(this.failing.args)) {
      return { ok: false, output: this.failing.output };
    }
    return this.#run(args, line, input ?? "");
  };

  #run(args: readonly string[], line: string, input: string): WranglerRun {
    const last = args.at(-1) ?? "";
    const success = (output = ""): WranglerRun => ({ ok: true, output });
    if (line.startsWith("whoami")) return this.signedIn ? success("{}") : { ok: false, output: "" };
    if (line === "d1 list --json") {
      const rows = [...this.databases].map(([name, uuid]) => ({ name, uuid }));
      return success(`a banner\n${JSON.stringify(rows)}\n`);
    }
    if (line.startsWith("d1 create")) {
      this.databases.set(last, `id-of-${last}`);
      return success();
    }
    if (line.startsWith("r2 bucket info")) return this.#info(this.buckets.has(last), last);
    if (line.startsWith("queues info")) return this.#info(this.queues.has(last), last);
    if (line.startsWith("r2 bucket create")) return success(String(this.buckets.add(last).size));
    if (line.startsWith("queues create")) return success(String(this.queues.add(last).size));
    if (line.startsWith("deploy")) {
      this.deployed.push(last);
      return success("Uploaded\n  https://flotilla-producer-production.someone.workers.dev\n");
    }
    if (line.startsWith("secret list")) {
      const names = [...(this.secrets.get(args[3] ?? "") ?? new Map()).keys()];
      return success(JSON.stringify(names.map((name) => ({ name }))));
    }
    if (line.startsWith("secret put")) {
      const worker = args[4] ?? "";
      const secrets = this.secrets.get(worker) ?? new Map<string, string>();
      this.secrets.set(worker, secrets.set(args[2] ?? "", input));
      return success();
    }
    return success();
  }

  #info(exists: boolean, name: string): WranglerRun {
    return exists ? { ok: true, output: name } : { ok: false, output: `${name} does not exist.` };
  }
}
