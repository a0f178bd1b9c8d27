import { op } from "../../protocol.ts";
import { ask } from "../bridge.ts";
import { bufferBinding } from "./buffer_binding.ts";
import { converters, decoderBinding, stringDecoderBinding } from "./decoder_binding.ts";
import { urlBinding } from "./url_binding.ts";
import { makeUtilBinding, typesBinding } from "./util_binding.ts";

const signals = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
};

/** The error numbers of Linux for file operations, with their messages. */
const systemErrors: [number: number, code: string, text: string][] = [
  [-1, "EPERM", "operation not permitted"],
  [-2, "ENOENT", "no such file or directory"],
  [-9, "EBADF", "bad file descriptor"],
  [-13, "EACCES", "permission denied"],
  [-17, "EEXIST", "file already exists"],
  [-20, "ENOTDIR", "not a directory"],
  [-21, "EISDIR", "illegal operation on a directory"],
  [-22, "EINVAL", "invalid argument"],
  [-39, "ENOTEMPTY", "directory not empty"],
];

class URLPattern {
  constructor() {
    throw new Error(
      "URLPattern is not available in the sandbox; use new URL() and a regular expression.",
    );
  }
}

/** The bindings that need none of Node's modules. */
const standalone: Record<string, object> = {
  buffer: bufferBinding,
  config: { hasIntl: true, hasSmallICU: false, hasInspector: false, noBrowserGlobals: false },
  constants: {
    os: { signals, errno: {}, UV_UDP_REUSEADDR: 4 },
    fs: {},
    crypto: {},
    zlib: {},
    trace: { TRACE_EVENT_PHASE_BEGIN: 66, TRACE_EVENT_PHASE_END: 69 },
  },
  encoding_binding: decoderBinding,
  errors: {
    exitCodes: { kNoFailure: 0, kGenericUserError: 1 },
    noSideEffectsToString: String,
    triggerUncaughtException: (error: unknown) => {
      throw error;
    },
  },
  icu: {
    getStringWidth: (text: string) => ask(op.width, [text]) as number,
    icuErrName: String,
    ...converters,
    toASCII: urlBinding.domainToASCII,
    toUnicode: urlBinding.domainToUnicode,
    hasConverter: () => true,
  },
  os: { getOSInformation: () => ["Linux", "", "6.0.0", "x86_64"] },
  string_decoder: stringDecoderBinding,
  stream_wrap: {
    streamBaseState: new Int32Array(5),
    kReadBytesOrError: 0,
    kArrayBufferOffset: 1,
    kBytesWritten: 2,
    kLastWriteWasAsync: 3,
    WriteWrap: class {},
    ShutdownWrap: class {},
  },
  symbols: new Proxy({}, { get: (_target, name) => Symbol.for(`node.${String(name)}`) }),
  trace_events: {
    getCategoryEnabledBuffer: () => [0],
    trace: () => {},
    isTraceCategoryEnabled: () => false,
  },
  types: typesBinding,
  url: urlBinding,
  url_pattern: { URLPattern },
  uv: {
    errname: (number: number) =>
      systemErrors.find(([known]) => known === number)?.[1] ?? `Unknown system error ${number}`,
    getErrorMap: () => new Map(systemErrors.map(([number, code, text]) => [number, [code, text]])),
    UV_EOF: -4095,
    UV_EINVAL: -22,
    UV_ENOENT: -2,
    UV_ENOSYS: -38,
    UV_EBADF: -9,
    UV_ENOTSOCK: -88,
    UV_EAI_MEMORY: -3006,
    UV_NO_CONTROL: 0,
  },
};

type NodeModule = (id: string) => Record<string, unknown>;

/** Node's native bindings by name; `nodeModule` loads a module of Node's JavaScript. */
export function makeBindings(nodeModule: NodeModule): Record<string, object | (() => object)> {
  let util: object | undefined;
  return {
    ...standalone,
    messaging: {
      get DOMException() {
        return nodeModule("internal/per_context/domexception").DOMException;
      },
      structuredClone: (value: unknown) => globalThis.structuredClone(value),
    },
    util: () => (util ??= makeUtilBinding(nodeModule)),
  };
}
