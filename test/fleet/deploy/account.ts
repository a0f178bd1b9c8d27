/** An account in memory that answers as wrangler does, and remembers every word it was told. */
import type { Ran, Wrangler } from "../../../producer/deploy/wrangler.ts";

export class Account {
  readonly databases = new Map<string, string>();
  readonly buckets = new Set<string>();
  readonly queues = new Set<string>();
  readonly secrets = new Map<string, Map<string, string>>();
  readonly deployed: string[] = [];
  readonly told: string[] = [];
  signedIn = true;
  /** The first words of a call that fails, and what it says. */
  failing: { words: string; output: string } | null = null;

  readonly wrangler: Wrangler = async (words, input) => {
    const line = words.join(" ");
    this.told.push(line);
    if (this.failing !== null && line.startsWith(this.failing.words)) {
      return { ok: false, output: this.failing.output };
    }
    return this.#answer(words, line, input ?? "");
  };

  #answer(words: readonly string[], line: string, input: string): Ran {
    const last = words.at(-1) ?? "";
    const fine = (output = ""): Ran => ({ ok: true, output });
    if (line.startsWith("whoami")) return this.signedIn ? fine("{}") : { ok: false, output: "" };
    if (line === "d1 list --json") {
      const rows = [...this.databases].map(([name, uuid]) => ({ name, uuid }));
      return fine(`a banner\n${JSON.stringify(rows)}\n`);
    }
    if (line.startsWith("d1 create")) {
      this.databases.set(last, `id-of-${last}`);
      return fine();
    }
    if (line.startsWith("r2 bucket info")) return this.#found(this.buckets.has(last), last);
    if (line.startsWith("queues info")) return this.#found(this.queues.has(last), last);
    if (line.startsWith("r2 bucket create")) return fine(String(this.buckets.add(last).size));
    if (line.startsWith("queues create")) return fine(String(this.queues.add(last).size));
    if (line.startsWith("deploy")) {
      this.deployed.push(last);
      return fine("Uploaded\n  https://flotilla-producer-production.someone.workers.dev\n");
    }
    if (line.startsWith("secret list")) {
      const names = [...(this.secrets.get(words[3] ?? "") ?? new Map()).keys()];
      return fine(JSON.stringify(names.map((name) => ({ name }))));
    }
    if (line.startsWith("secret put")) {
      const worker = words[4] ?? "";
      const held = this.secrets.get(worker) ?? new Map<string, string>();
      this.secrets.set(worker, held.set(words[2] ?? "", input));
      return fine();
    }
    return fine();
  }

  #found(there: boolean, name: string): Ran {
    return there ? { ok: true, output: name } : { ok: false, output: `${name} does not exist.` };
  }
}
