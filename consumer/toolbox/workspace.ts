/**
 * The files of one task. Contents stand in the task's input or in R2 under their hash; what a step
 * changes is kept here until the step is journaled, so that a killed or overtaken step changes no file.
 */
import { workspaceLimits } from "../../shared/limits.ts";
import {
  digestObject,
  getBytes,
  getBytesUpTo,
  objectKeys,
  putOnce,
  sha256Hex,
} from "../../shared/objects.ts";
import { foldersOf, isWithin, normalisePath, outputPath, outputStep } from "../../shared/paths.ts";
import type { FileEntry, Step } from "../../shared/step.ts";
import type { InputFile } from "../../shared/task.ts";
import type { Manifest } from "../../shared/transcript.ts";

/** A refusal is a sentence for the model; null means done. */
export type Refusal = string | null;

/** One file: where it stands, and its bytes once they were needed. An input is hashed only when asked. */
interface Held {
  entry: FileEntry | null;
  bytes: Uint8Array | null;
  input: InputFile | null;
}

export class Workspace {
  readonly #files = new Map<string, Held>();
  readonly #changed = new Set<string>();
  /** Changed files that the journal never heard of: those that are deleted again are no change of the step. */
  readonly #born = new Set<string>();
  /** When each path was changed last since the checkpoint, by the count of changes, for `changedSince`. */
  readonly #log = new Map<string, number>();
  #changes = 0;
  /** The folder that is read-only, or null. */
  #mounted: string | null = null;
  readonly #bucket: R2Bucket;
  readonly #tenant: string;
  readonly #taskId: string;
  readonly #steps: readonly Step[];

  /** `steps` is the journal as it grows: whole outputs are read from it. */
  constructor(bucket: R2Bucket, tenant: string, taskId: string, steps: readonly Step[] = []) {
    this.#bucket = bucket;
    this.#tenant = tenant;
    this.#taskId = taskId;
    this.#steps = steps;
  }

  /** Lays out the task's input files, then what earlier steps changed. */
  layOut(inputs: Readonly<Record<string, InputFile>>, changes: readonly ManifestChange[]): void {
    for (const [name, input] of Object.entries(inputs)) {
      const path = normalisePath(name);
      if (path !== null) this.#files.set(path, { entry: null, bytes: null, input });
    }
    for (const change of changes) {
      for (const [path, entry] of Object.entries(change)) {
        if (entry === null) this.#files.delete(path);
        else this.#files.set(path, { entry, bytes: null, input: null });
      }
    }
  }

  /**
   * Lays files below a folder that is read-only from then on: nothing in it can be written or deleted, by
   * whichever tool. They are not the task's own, so the manifest leaves them out.
   */
  mount(folder: string, files: Readonly<Record<string, InputFile>>): void {
    if (Object.keys(files).length === 0) return;
    this.#mounted = folder;
    for (const path of this.paths()) if (this.#isMounted(path)) this.#files.delete(path);
    this.#files.delete(folder);
    this.layOut(files, []);
  }

  /** The folder that is read-only; null where nothing is mounted. */
  get readOnly(): string | null {
    return this.#mounted;
  }

  #isMounted(path: string): boolean {
    return this.#mounted !== null && isWithin(path, this.#mounted);
  }

  paths(): string[] {
    return [...this.#files.keys()].sort();
  }

  /** The bytes of a file, or null where there is none. Callers do not write into them. */
  async read(name: string): Promise<Uint8Array | null> {
    const path = normalisePath(name);
    const output = path === null || this.#files.has(path) ? null : outputStep(path);
    if (output !== null) return this.#output(output);
    const held = path === null ? undefined : this.#files.get(path);
    if (held === undefined) return null;
    held.bytes ??= await this.#load(held);
    return held.bytes;
  }

  /**
   * Every file with its bytes, the whole outputs that were cut included: what a sandbox sees. Files that
   * nobody read are fetched a few at once; rejects when they are together more than a workspace may hold,
   * before all of them are in memory.
   */
  async all(): Promise<Map<string, Uint8Array>> {
    const files = new Map<string, Uint8Array>();
    for (const { seq, payload } of this.#steps) {
      const bytes = payload.kind === "tool" && payload.output ? await this.#output(seq) : null;
      if (bytes !== null) files.set(outputPath(seq), bytes);
    }
    const paths = this.paths();
    for (const path of paths) files.set(path, new Uint8Array());
    let sum = 0;
    await inTurn(paths, async (path) => {
      const bytes = await this.read(path);
      if (bytes === null) files.delete(path);
      else files.set(path, bytes);
      sum += bytes?.byteLength ?? 0;
      if (sum > workspaceLimits.bytesMax) throw new Error(tooMuch);
    });
    return files;
  }

  write(name: string, bytes: Uint8Array): Refusal {
    return this.apply(new Map([[name, bytes]]));
  }

  /**
   * Writes (bytes) and deletes (null) many files at once: all, or none when what would stand there
   * afterwards is not a workspace. Deleting what does not exist is nothing.
   */
  apply(changes: ReadonlyMap<string, Uint8Array | null>): Refusal {
    const wanted = new Map<string, Uint8Array | null>();
    for (const [name, bytes] of changes) {
      const path = normalisePath(name);
      if (path === null)
        return `"${name}" is not a path in the workspace: use a relative path without "..".`;
      if (bytes !== null && outputStep(path) !== null)
        return `"${path}" holds what a tool answered and cannot be written: take another name.`;
      wanted.set(path, bytes);
    }
    const refusal = this.#unfit(wanted);
    if (refusal !== null) return refusal;
    for (const [path, bytes] of wanted) {
      if (bytes === null) {
        if (this.#files.delete(path)) this.#noteGone(path);
        continue;
      }
      if (!this.#files.has(path) && !this.#changed.has(path)) this.#born.add(path);
      this.#files.set(path, { entry: null, bytes, input: null });
      this.#note(path);
    }
    return null;
  }

  #note(path: string): void {
    this.#changed.add(path);
    this.#changes += 1;
    this.#log.set(path, this.#changes);
  }

  #noteGone(path: string): void {
    this.#note(path);
    if (this.#born.delete(path)) this.#changed.delete(path);
  }

  /** How many changes there were so far: a place to ask `changedSince` from. */
  get mark(): number {
    return this.#changes;
  }

  /** What stands now where something was changed since the mark; null where nothing does. */
  changedSince(mark: number): Map<string, Uint8Array | null> {
    const paths = [...this.#log].filter(([, at]) => at > mark);
    return new Map(paths.map(([path]) => [path, this.#files.get(path)?.bytes ?? null]));
  }

  /** Why the workspace cannot become what is wanted; null when it can. */
  #unfit(wanted: ReadonlyMap<string, Uint8Array | null>): Refusal {
    const locked = [...wanted.keys()].find((path) => this.#isMounted(path));
    if (locked !== undefined) return readOnly(locked);
    const unnamed = [...wanted.keys()].filter((path) => !this.#log.has(path)).length;
    if (this.#log.size + unnamed > workspaceLimits.namesPerStepMax)
      return `One step may change files under ${workspaceLimits.namesPerStepMax} names in all: use fewer names, or go on in another step.`;
    let files = 0;
    let sum = 0;
    const folders = new Map<string, string>();
    const kept = [...this.#files.keys()].filter((path) => !wanted.has(path));
    const written = [...wanted].flatMap(([path, bytes]) => (bytes === null ? [] : [path]));
    for (const path of [...kept, ...written]) {
      files += 1;
      sum += this.#bytesOf(path, wanted.get(path) ?? null);
      for (const folder of foldersOf(path)) folders.set(folder, path);
    }
    for (const path of written) {
      const bytes = wanted.get(path)?.byteLength ?? 0;
      if (bytes > workspaceLimits.fileBytesMax) {
        return `"${path}" would be ${bytes} bytes; a file may hold ${workspaceLimits.fileBytesMax}.`;
      }
      const below = folders.get(path);
      if (below !== undefined) return `"${path}" is a folder: it holds "${below}".`;
      const above = foldersOf(path).find(
        (at) => wanted.get(at) ?? (!wanted.has(at) && this.#files.has(at)),
      );
      if (above !== undefined) return `"${above}" is a file, so "${path}" cannot lie below it.`;
    }
    if (written.length > 0 && files > workspaceLimits.filesMax) {
      return `The workspace holds ${workspaceLimits.filesMax} files, which is its limit: delete some first.`;
    }
    if (written.length > 0 && sum > workspaceLimits.bytesMax) {
      return `The workspace may hold ${workspaceLimits.bytesMax} bytes in all: delete something first.`;
    }
    return null;
  }

  #bytesOf(path: string, wanted: Uint8Array | null): number {
    const held = this.#files.get(path);
    return wanted?.byteLength ?? held?.bytes?.byteLength ?? held?.entry?.bytes ?? 0;
  }

  delete(name: string): Refusal {
    const path = normalisePath(name);
    if (path !== null && this.#isMounted(path)) return readOnly(path);
    if (path === null || !this.#files.delete(path)) return `There is no file "${name}".`;
    this.#noteGone(path);
    return null;
  }

  /** Puts bytes that are no file of the workspace, such as a whole output, where a step can name them. */
  async keep(bytes: Uint8Array): Promise<FileEntry> {
    const sha256 = await sha256Hex(bytes);
    const key = objectKeys.blob(this.#tenant, this.#taskId, sha256);
    await putOnce(this.#bucket, key, bytes, "application/octet-stream");
    return { sha256, bytes: bytes.byteLength, source: "blob" };
  }

  /** What a step's tool answered, whole; null where there is no such step. */
  async #output(seq: number): Promise<Uint8Array | null> {
    const payload = this.#steps.find((step) => step.seq === seq)?.payload;
    if (payload?.kind !== "tool") return null;
    if (payload.output === undefined) return new TextEncoder().encode(payload.text);
    const key = objectKeys.blob(this.#tenant, this.#taskId, payload.output.sha256);
    return getBytes(this.#bucket, key);
  }

  /** Puts what changed into R2 and returns it for the journal; the step that owns it comes next. */
  async checkpoint(): Promise<ManifestChange | undefined> {
    this.#born.clear();
    this.#log.clear();
    if (this.#changed.size === 0) return undefined;
    const change: ManifestChange = {};
    const contents = new Map<string, Uint8Array>();
    for (const path of this.#changed) {
      const held = this.#files.get(path);
      if (held?.bytes == null) {
        change[path] = null;
        continue;
      }
      const sha256 = await sha256Hex(held.bytes);
      held.entry = { sha256, bytes: held.bytes.byteLength, source: "blob" };
      change[path] = held.entry;
      contents.set(sha256, held.bytes);
    }
    // Once for each content: R2 takes one write a second for a key.
    await inTurn([...contents], async ([sha256, bytes]) => {
      const key = objectKeys.blob(this.#tenant, this.#taskId, sha256);
      await putOnce(this.#bucket, key, bytes, "application/octet-stream");
    });
    this.#changed.clear();
    return change;
  }

  /** Where every file stands: the transcript's last line. */
  async manifest(): Promise<Manifest> {
    const manifest: Manifest = {};
    for (const path of this.paths()) {
      const held = this.#files.get(path);
      if (held === undefined || this.#isMounted(path)) continue;
      held.entry ??= await this.#entryOf(held);
      if (held.entry !== null) manifest[path] = held.entry;
    }
    return manifest;
  }

  async #load(held: Held): Promise<Uint8Array | null> {
    if (held.entry?.source === "blob") {
      return getBytes(this.#bucket, objectKeys.blob(this.#tenant, this.#taskId, held.entry.sha256));
    }
    return held.input === null ? null : this.#loadInput(held.input);
  }

  async #loadInput(input: InputFile): Promise<Uint8Array | null> {
    if (!("r2" in input)) return inlineBytes(input);
    const { fileBytesMax } = workspaceLimits;
    const object = await getBytesUpTo(this.#bucket, this.#inputKey(input), fileBytesMax);
    if (object === null || object.bytes !== null) return object?.bytes ?? null;
    throw new Error(
      `the input "${input.r2}" is ${object.size} bytes; a file of the workspace may hold ${fileBytesMax}.`,
    );
  }

  /** Where an input stands. One in R2 that nobody read is hashed as it streams by, and not kept. */
  async #entryOf({ input, bytes }: Held): Promise<FileEntry | null> {
    if (input === null) return null;
    if (bytes !== null || !("r2" in input)) {
      const whole = bytes ?? (await this.#loadInput(input));
      if (whole === null) return null;
      return { sha256: await sha256Hex(whole), bytes: whole.byteLength, source: "input" };
    }
    const digest = await digestObject(this.#bucket, this.#inputKey(input));
    return digest === null ? null : { ...digest, source: "input" };
  }

  #inputKey(input: { r2: string }): string {
    return objectKeys.input(this.#tenant, input.r2);
  }
}

const tooMuch = `the files of the workspace are together more than ${workspaceLimits.bytesMax} bytes, so no program can be given them: delete some, or read them with read_file.`;

/** A few at once: an invocation waits for six answers of its stores at most, and the rest would time out. */
async function inTurn<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const worker = async (): Promise<void> => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: workspaceLimits.callsAtOnceMax }, worker));
}

const readOnly = (path: string): string =>
  `"${path}" is read-only: write elsewhere, for example a copy outside of that folder.`;

function inlineBytes(input: Exclude<InputFile, { r2: string }>): Uint8Array {
  return "text" in input
    ? new TextEncoder().encode(input.text)
    : Uint8Array.fromBase64(input.base64);
}

export type ManifestChange = Record<string, FileEntry | null>;
