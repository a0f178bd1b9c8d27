import { op } from "../../protocol.ts";
import type { Workspace } from "../workspace.ts";
import type { Answer, Operation } from "./operation.ts";

const utf8 = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** Bytes that one unit of fuel copies or decodes. */
const bytesPerFuel = 32;
/** Fuel to look through the names of a whole workspace. */
const namesFuel = 300;

const sizeOf = (workspace: Workspace, path: string): number => {
  const entry = workspace.entry(path);
  return entry?.kind === "file" ? entry.size : 0;
};

/** A copy of a file with `bytes` written at `offset`. A gap after the old end is filled with zeros. */
function patchBytes(before: Uint8Array, offset: number, bytes: Uint8Array): Uint8Array {
  const patchedBytes = new Uint8Array(Math.max(before.length, offset + bytes.length));
  patchedBytes.set(before);
  patchedBytes.set(bytes, offset);
  return patchedBytes;
}

type Method = (
  workspace: Workspace,
  path: string,
  values: readonly unknown[],
  bytes: Uint8Array,
  charge: (units: number) => void,
) => Answer;

const methods: Record<string, Method> = {
  read: (workspace, path) => workspace.read(path),
  read_text: (workspace, path, _values, _bytes, charge) => {
    charge(sizeOf(workspace, path) / bytesPerFuel);
    return { text: utf8.decode(workspace.read(path)) };
  },
  read_part: (workspace, path, [, , start, length]) => {
    const from = Math.max(0, Number(start) || 0);
    return workspace.read(path).slice(from, from + Math.max(0, Number(length) || 0));
  },
  write: (workspace, path, _values, bytes) => void workspace.write(path, bytes),
  append: (workspace, path, _values, bytes, charge) => {
    const before =
      workspace.entry(path)?.kind === "file" ? workspace.read(path) : new Uint8Array(0);
    charge(before.length / bytesPerFuel);
    workspace.write(path, patchBytes(before, before.length, bytes));
    return undefined;
  },
  write_part: (workspace, path, [, , start], bytes, charge) => {
    const before = workspace.read(path);
    const offset = Math.max(0, Number(start) || 0);
    workspace.checkSize(path, offset + bytes.length);
    charge(Math.max(before.length, offset) / bytesPerFuel);
    workspace.write(path, patchBytes(before, offset, bytes));
    return undefined;
  },
  copy: (workspace, path, [, , to]) => void workspace.write(String(to), workspace.read(path)),
  entry: (workspace, path) => ({ value: workspace.entry(path) }),
  list: (workspace, path) => ({ value: workspace.list(path) }),
  remove: (workspace, path) => void workspace.remove(path),
  rename: (workspace, path, [, , to]) => void workspace.rename(path, String(to)),
  remove_tree: (workspace, path, _values, _bytes, charge) => {
    charge(namesFuel * 10);
    workspace.removeTree(path);
    return undefined;
  },
  remove_directory: (workspace, path) => void workspace.removeDirectory(path),
  make_directory: (workspace, path, [, , recursive]) =>
    void workspace.makeDirectory(path, recursive === "true"),
};

export const fileOperations: Record<number, Operation> = {
  [op.files]: {
    price: (_values, bytes) => namesFuel + bytes.length / bytesPerFuel,
    perform(values, bytes, { workspace, charge }) {
      const method = methods[String(values[0])];
      if (method === undefined) throw new TypeError("There is no such file operation.");
      return method(workspace, String(values[1] ?? ""), values, bytes, charge);
    },
  },
};
