import { op } from "../../protocol.ts";
import { ask } from "../bridge.ts";

/** Node's URL with the host's parser: the href and the positions of its parts, in ada's format. */

const actions = [
  "protocol",
  "host",
  "hostname",
  "port",
  "username",
  "password",
  "pathname",
  "search",
  "hash",
  "href",
];
const omittedField = 4_294_967_295;
const schemes: Record<string, number> = {
  "http:": 0,
  "https:": 2,
  "ws:": 3,
  "ftp:": 4,
  "wss:": 5,
  "file:": 6,
};
const urlComponents = new Uint32Array(9);

type Fields = [
  protocol: string,
  username: string,
  password: string,
  host: string,
  hostname: string,
  port: string,
  pathname: string,
  search: string,
  hash: string,
  href: string,
];

function storeFields(fields: Fields): string {
  const [protocol, username, password, , hostname, port, pathname, , , href] = fields;
  const hasAuthority = href.startsWith("//", protocol.length);
  const start = protocol.length + (hasAuthority ? 2 : 0);
  const usernameEnd = hasAuthority ? start + username.length : start;
  const hostStart = password === "" ? usernameEnd : usernameEnd + 1 + password.length;
  const hasCredentials = username !== "" || password !== "";
  const hostEnd = hostStart + (hasCredentials ? 1 : 0) + hostname.length;
  const portEnd = hostEnd + (port === "" ? 0 : port.length + 1);
  // Without a host, "/." precedes a path that starts with two slashes.
  const path =
    !hasAuthority && pathname.startsWith("//") && href.startsWith("/.", portEnd)
      ? portEnd + 2
      : portEnd;
  const rest = path + pathname.length;
  const hash = href.indexOf("#", rest);
  const search = href.charAt(rest) === "?" ? rest : -1;
  urlComponents.set([
    protocol.length,
    usernameEnd,
    hostStart,
    hostEnd,
    port === "" ? omittedField : Number(port),
    path,
    search < 0 ? omittedField : search,
    hash < 0 ? omittedField : hash,
    schemes[protocol] ?? 1,
  ]);
  return href;
}

function invalid(input: string, base: unknown): Error {
  const error = Object.assign(new TypeError("Invalid URL"), { code: "ERR_INVALID_URL", input });
  return base === undefined ? error : Object.assign(error, { base });
}

const fieldsOf = (values: unknown[]): Fields | null => ask(op.url, values) as Fields | null;

export const urlBinding = {
  urlComponents,
  parse(input: string, base: string | undefined, raises: boolean): string | undefined {
    const fields = fieldsOf([input, base ?? null]);
    if (fields !== null) return storeFields(fields);
    if (raises) throw invalid(input, base);
    return undefined;
  },
  canParse: (input: string, base?: string) => fieldsOf([input, base ?? null]) !== null,
  update(href: string, action: number, value: string): string | false {
    const fields = fieldsOf([href, null, actions[action], value]);
    return fields === null ? false : storeFields(fields);
  },
  format(href: string, hash: boolean, unicode: boolean, search: boolean, auth: boolean): string {
    return ask(op.url_text, ["format", href, { hash, unicode, search, auth }]) as string;
  },
  pathToFileURL(path: string, _windows: boolean, base?: string): string {
    const escaped = path.replace(/[%\\\n\r\t?#]/g, (mark) => encodeURIComponent(mark));
    return urlBinding.parse(`file://${escaped}`, base, true) ?? "";
  },
  domainToASCII: (domain: string) => ask(op.url_text, ["ascii", domain]) as string,
  domainToUnicode: (domain: string) => ask(op.url_text, ["unicode", domain]) as string,
  getOrigin: (href: string) => ask(op.url_text, ["origin", href]) as string,
};
