/** One container and the files in it, from the first run of a slice until it is closed. */
import { sandboxLimits, workspaceLimits } from "../../../shared/limits.ts";
import type { FileChanges, Program, RunLimits } from "../engine.ts";
import type { HostTarget } from "../host_target.ts";
import { type MicroVmClient, toolsHostname } from "./client.ts";
import { type Report, readReport } from "./report.ts";
import runner from "./runner.guest.js";

export type Work =
  | { kind: "code"; source: string; shift: number }
  | { kind: "shell"; command: string };

const root = "/workspace";
const control = "/tmp/flotilla";
const authority = "/etc/cloudflare/certs/cloudflare-containers-ca.crt";

/** The outbound handler answers for every host, so programs in the image must trust its certificate authority. */
const trust = {
  NODE_EXTRA_CA_CERTS: authority,
  SSL_CERT_FILE: authority,
  REQUESTS_CA_BUNDLE: authority,
  CURL_CA_BUNDLE: authority,
};

export class ContainerSession {
  readonly #open: () => MicroVmClient;
  #vm: MicroVmClient | null = null;
  /** The files in the container. Bytes are compared by identity, so an unchanged file is not sent again. */
  readonly #syncedFiles = new Map<string, Uint8Array>();

  constructor(open: () => MicroVmClient) {
    this.#open = open;
  }

  /** Destroys the container. The next run starts another one and sends the whole workspace. */
  async close(): Promise<void> {
    const vm = this.#vm;
    this.#vm = null;
    this.#syncedFiles.clear();
    await vm?.destroy();
  }

  async run(work: Work, program: Program, limits: RunLimits, host: HostTarget): Promise<Report> {
    const vm = await this.#start();
    await this.#send(vm, work, program, limits);
    const serving = vm.serve(host);
    try {
      const result = await vm.exec(
        `node ${control}/runner.mjs ${root} ${control} http://${toolsHostname}`,
        { cwd: root, timeout: limits.wallMs + sandboxLimits.vmStartMsMax, env: trust },
      );
      if (!result.success)
        throw new Error(`the container's runner failed: ${result.stderr.slice(0, 500)}`);
    } finally {
      host.close();
      await serving;
    }
    const { content } = await vm.readFile(`${control}/out.json`, { encoding: "none" });
    return readReport(content);
  }

  /** Records the changes of a run that are both in the container and in the workspace. */
  recordChanges(changes: FileChanges): void {
    for (const [path, bytes] of changes) {
      if (bytes === null) this.#syncedFiles.delete(path);
      else this.#syncedFiles.set(path, bytes);
    }
  }

  async #start(): Promise<MicroVmClient> {
    if (this.#vm !== null) return this.#vm;
    const vm = this.#open();
    this.#vm = vm;
    await vm.mkdir(control, { recursive: true });
    await vm.mkdir(root, { recursive: true });
    await vm.writeFile(`${control}/runner.mjs`, new Blob([runner]).stream());
    return vm;
  }

  /** Sends the work and the files that differ from those in the container. */
  async #send(vm: MicroVmClient, work: Work, program: Program, limits: RunLimits): Promise<void> {
    const { files, tools } = program;
    const changedFiles = [...files].filter(
      ([path, bytes]) => this.#syncedFiles.get(path) !== bytes,
    );
    const deletedPaths = [...this.#syncedFiles.keys()].filter((path) => !files.has(path));
    const order = {
      ...work,
      tools,
      files: Object.fromEntries(changedFiles.map(([path, bytes]) => [path, bytes.toBase64()])),
      deleted: deletedPaths,
      limits: { ...workspaceLimits, wallMs: limits.wallMs, logBytes: limits.logBytes },
    };
    await vm.writeFile(`${control}/in.json`, new Blob([JSON.stringify(order)]).stream());
    this.recordChanges(
      new Map([...changedFiles, ...deletedPaths.map((path) => [path, null] as const)]),
    );
  }
}
