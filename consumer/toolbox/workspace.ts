/**
 * The files of one task. Contents are in the task's input or in R2 under their hash; what a step changes stays
 * in memory until the step is journaled, so that a step that is killed or loses its fence changes no file.
 */

import { objectKeys, putOnce, sha256Hex } from "../../shared/files/objects.ts";
import {
  foldersOf,
  isWithin,
  normalisePath,
  outputPath,
  outputStep,
} from "../../shared/files/paths.ts";
import { type ManifestChange, StoredFiles } from "../../shared/files/stored_files.ts";
import { workspaceLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { FileEntry, Step } from "../../shared/task/step.ts";
import type { InputFile } from "../../shared/task/task.ts";
import type { Manifest } from "../../shared/task/transcript.ts";

/** The error is a sentence for the model. */
export type WriteResult = Result<void, string>;

/** One file: where it is stored, and its bytes after the first read. An input is hashed only for the manifest. */
interface StoredFile {
  entry: FileEntry | null;
  bytes: Uint8Array | null;
  input: InputFile | null;
}

export class Workspace {
  readonly #files = new Map<string, StoredFile>();
  readonly #changedPaths = new Set<string>();
  /** Files that this step created: one that is deleted again is not a change of the step. */
  readonly #createdPaths = new Set<string>();
  /** The change count at which each path was last changed since the checkpoint, for `changedSince`. */
  readonly #lastChanges = new Map<string, number>();
  #changeCount = 0;
  /** The folder that is read-only, or null. */
  #mountedFolder: string | null = null;
  readonly #bucket: R2Bucket;
  readonly #tenant: string;
  readonly #taskId: string;
  readonly #steps: readonly Step[];
  readonly #storedFiles: StoredFiles;

  /** `steps` is the journal as it grows: full outputs are read from it. */
  constructor(bucket: R2Bucket, tenant: string, taskId: string, steps: readonly Step[] = []) {
    this.#bucket = bucket;
    this.#tenant = tenant;
    this.#taskId = taskId;
    this.#steps = steps;
    this.#storedFiles = new StoredFiles(bucket, tenant, taskId);
  }

  /** Adds the task's input files, then applies what earlier steps changed. */
  load(inputs: Readonly<Record<string, InputFile>>, changes: readonly ManifestChange[]): void {
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
   * Adds files below a folder that is read-only from then on: no tool can write or delete anything in it. They
   * are not the task's own files, so the manifest leaves them out.
   */
  mount(folder: string, files: Readonly<Record<string, InputFile>>): void {
    if (Object.keys(files).length === 0) return;
    this.#mountedFolder = folder;
    for (const path of this.paths()) if (this.#isMounted(path)) this.#files.delete(path);
    this.#files.delete(folder);
    this.load(files, []);
  }

  /** The folder that is read-only; null where nothing is mounted. */
  get readOnlyFolder(): string | null {
    return this.#mountedFolder;
  }

  #isMounted(path: string): boolean {
    return this.#mountedFolder !== null && isWithin(path, this.#mountedFolder);
  }

  /** The bytes of the files whose contents are in memory. */
  get bytesInMemory(): number {
    let sum = 0;
    for (const { bytes, input } of this.#files.values())
      sum += (bytes?.byteLength ?? 0) + inlineChars(input);
    return sum;
  }

  /** The bytes of all files, as far as they are known without reading them. */
  get bytesKnown(): number {
    let sum = 0;
    for (const { bytes, entry, input } of this.#files.values())
      sum += bytes?.byteLength ?? entry?.bytes ?? inlineChars(input);
    return sum;
  }

  paths(): string[] {
    return [...this.#files.keys()].sort();
  }

  /** The bytes of a file, or null where there is none. Callers do not write into them. */
  async read(name: string): Promise<Uint8Array | null> {
    const path = normalisePath(name);
    if (path === null) return null;
    const file = this.#files.get(path);
    if (file === undefined) {
      const step = outputStep(path);
      return step === null ? null : this.#readOutput(step);
    }
    file.bytes ??= await this.#readStored(file);
    return file.bytes;
  }

  /**
   * Every file with its bytes, including the full outputs that were cut: what a sandbox sees. Files that are
   * not in memory are fetched a few at a time. Rejects when all files together are larger than a workspace,
   * before all of them are in memory.
   */
  async readAll(): Promise<Map<string, Uint8Array>> {
    const files = new Map<string, Uint8Array>();
    for (const { seq, payload } of this.#steps) {
      const bytes = payload.kind === "tool" && payload.output ? await this.#readOutput(seq) : null;
      if (bytes !== null) files.set(outputPath(seq), bytes);
    }
    const paths = this.paths();
    for (const path of paths) files.set(path, new Uint8Array());
    let sum = 0;
    await forEachFew(paths, async (path) => {
      const bytes = await this.read(path);
      if (bytes === null) files.delete(path);
      else files.set(path, bytes);
      sum += bytes?.byteLength ?? 0;
      if (sum > workspaceLimits.bytesMax) throw new Error(tooLargeText);
    });
    return files;
  }

  write(name: string, bytes: Uint8Array): WriteResult {
    return this.apply(new Map([[name, bytes]]));
  }

  /**
   * Writes (bytes) and deletes (null) many files at once: all of them, or none when the result would not be a
   * valid workspace. Deleting a file that does not exist does nothing.
   */
  apply(changes: ReadonlyMap<string, Uint8Array | null>): WriteResult {
    const normalisedChanges = new Map<string, Uint8Array | null>();
    for (const [name, bytes] of changes) {
      const path = normalisePath(name);
      if (path === null)
        return err(`"${name}" is not a path in the workspace: use a relative path without "..".`);
      if (bytes !== null && outputStep(path) !== null)
        return err(`"${path}" holds a tool's output and cannot be written: use another name.`);
      normalisedChanges.set(path, bytes);
    }
    const fits = this.#checkFits(normalisedChanges);
    if (!fits.ok) return fits;
    for (const [path, bytes] of normalisedChanges) {
      if (bytes === null) {
        if (this.#files.delete(path)) this.#recordRemoval(path);
        continue;
      }
      if (!this.#files.has(path) && !this.#changedPaths.has(path)) this.#createdPaths.add(path);
      this.#files.set(path, { entry: null, bytes, input: null });
      this.#recordChange(path);
    }
    return ok(undefined);
  }

  #recordChange(path: string): void {
    this.#changedPaths.add(path);
    this.#changeCount += 1;
    this.#lastChanges.set(path, this.#changeCount);
  }

  #recordRemoval(path: string): void {
    this.#recordChange(path);
    if (this.#createdPaths.delete(path)) this.#changedPaths.delete(path);
  }

  /** How many changes there were so far: the starting point for `changedSince`. */
  get changeCount(): number {
    return this.#changeCount;
  }

  /** The current contents of the paths that changed after that count; null for a deleted file. */
  changedSince(changeCount: number): Map<string, Uint8Array | null> {
    const paths = [...this.#lastChanges].filter(([, at]) => at > changeCount);
    return new Map(paths.map(([path]) => [path, this.#files.get(path)?.bytes ?? null]));
  }

  /** Whether the workspace can take these changes. */
  #checkFits(newChanges: ReadonlyMap<string, Uint8Array | null>): WriteResult {
    const lockedPath = [...newChanges.keys()].find((path) => this.#isMounted(path));
    if (lockedPath !== undefined) return err(readOnlyText(lockedPath));
    const newNames = [...newChanges.keys()].filter((path) => !this.#lastChanges.has(path)).length;
    if (this.#lastChanges.size + newNames > workspaceLimits.namesPerStepMax)
      return err(
        `One step may change files under ${workspaceLimits.namesPerStepMax} names: use fewer names, or continue in another step.`,
      );
    let files = 0;
    let sum = 0;
    const folders = new Map<string, string>();
    const unchangedPaths = [...this.#files.keys()].filter((path) => !newChanges.has(path));
    const writtenPaths = [...newChanges].flatMap(([path, bytes]) => (bytes === null ? [] : [path]));
    for (const path of [...unchangedPaths, ...writtenPaths]) {
      files += 1;
      sum += this.#bytesOf(path, newChanges.get(path) ?? null);
      for (const folder of foldersOf(path)) folders.set(folder, path);
    }
    for (const path of writtenPaths) {
      const bytes = newChanges.get(path)?.byteLength ?? 0;
      if (bytes > workspaceLimits.fileBytesMax) {
        return err(
          `"${path}" would be ${bytes} bytes; a file may hold ${workspaceLimits.fileBytesMax}.`,
        );
      }
      const below = folders.get(path);
      if (below !== undefined) return err(`"${path}" is a folder: it holds "${below}".`);
      const fileAsFolder = foldersOf(path).find(
        (folder) => newChanges.get(folder) ?? (!newChanges.has(folder) && this.#files.has(folder)),
      );
      if (fileAsFolder !== undefined)
        return err(`"${fileAsFolder}" is a file, so "${path}" cannot be below it.`);
    }
    if (writtenPaths.length > 0 && files > workspaceLimits.filesMax) {
      return err(
        `The workspace holds ${workspaceLimits.filesMax} files, which is its limit: delete some first.`,
      );
    }
    if (writtenPaths.length > 0 && sum > workspaceLimits.bytesMax) {
      return err(
        `The workspace may hold ${workspaceLimits.bytesMax} bytes in all: delete something first.`,
      );
    }
    return ok(undefined);
  }

  #bytesOf(path: string, newBytes: Uint8Array | null): number {
    const file = this.#files.get(path);
    return newBytes?.byteLength ?? file?.bytes?.byteLength ?? file?.entry?.bytes ?? 0;
  }

  remove(name: string): WriteResult {
    const path = normalisePath(name);
    if (path !== null && this.#isMounted(path)) return err(readOnlyText(path));
    if (path === null || !this.#files.delete(path)) return err(`There is no file "${name}".`);
    this.#recordRemoval(path);
    return ok(undefined);
  }

  /** Stores bytes that are not a file of the workspace, such as a full output, so that a step can refer to them. */
  async storeBlob(bytes: Uint8Array): Promise<FileEntry> {
    const sha256 = await sha256Hex(bytes);
    const key = objectKeys.blob(this.#tenant, this.#taskId, sha256);
    await putOnce(this.#bucket, key, bytes, "application/octet-stream");
    return { sha256, bytes: bytes.byteLength, source: "blob" };
  }

  /** The full output of a step's tool; null where there is no such step. */
  async #readOutput(seq: number): Promise<Uint8Array | null> {
    const payload = this.#steps.find((step) => step.seq === seq)?.payload;
    if (payload?.kind !== "tool") return null;
    if (payload.output === undefined) return new TextEncoder().encode(payload.text);
    return this.#storedFiles.readBlob(payload.output.sha256);
  }

  /** Stores the changes in R2 and returns them for the journal; the step that made them is written next. */
  async checkpoint(): Promise<ManifestChange | undefined> {
    this.#createdPaths.clear();
    this.#lastChanges.clear();
    if (this.#changedPaths.size === 0) return undefined;
    const change: ManifestChange = {};
    const contents = new Map<string, Uint8Array>();
    for (const path of this.#changedPaths) {
      const file = this.#files.get(path);
      if (file?.bytes == null) {
        change[path] = null;
        continue;
      }
      const sha256 = await sha256Hex(file.bytes);
      file.entry = { sha256, bytes: file.bytes.byteLength, source: "blob" };
      change[path] = file.entry;
      contents.set(sha256, file.bytes);
    }
    // Each content is written once: R2 takes one write per second and key.
    await forEachFew([...contents], async ([sha256, bytes]) => {
      const key = objectKeys.blob(this.#tenant, this.#taskId, sha256);
      await putOnce(this.#bucket, key, bytes, "application/octet-stream");
    });
    this.#changedPaths.clear();
    return change;
  }

  /** Lists where every file is stored: the last line of the transcript. */
  async manifest(): Promise<Manifest> {
    const manifest: Manifest = {};
    for (const path of this.paths()) {
      const file = this.#files.get(path);
      if (file === undefined || this.#isMounted(path)) continue;
      if (file.input !== null)
        file.entry ??= await this.#storedFiles.describeInput(file.input, file.bytes);
      if (file.entry !== null) manifest[path] = file.entry;
    }
    return manifest;
  }

  async #readStored({ entry, input }: StoredFile): Promise<Uint8Array | null> {
    if (entry?.source === "blob") return this.#storedFiles.readBlob(entry.sha256);
    return input === null ? null : this.#storedFiles.readInput(input);
  }
}

function inlineChars(input: InputFile | null): number {
  if (input === null) return 0;
  if ("text" in input) return input.text.length;
  return "base64" in input ? input.base64.length : 0;
}

const tooLargeText = `the files of the workspace are together more than ${workspaceLimits.bytesMax} bytes, so no program can get them: delete some, or read them with read_file.`;

/** Runs a few at a time: an invocation waits for at most six store replies at once, and others would time out. */
async function forEachFew<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const worker = async (): Promise<void> => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: workspaceLimits.callsAtOnceMax }, worker));
}

const readOnlyText = (path: string): string =>
  `"${path}" is read-only: write elsewhere, for example a copy outside of that folder.`;
