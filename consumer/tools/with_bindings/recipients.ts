/** Who may get mail: EMAIL_TO lists addresses, and `*@domain` for a whole domain. */

/** Quoted local parts and comments are rejected: two parsers may read them as different addresses. */
const plainAddress =
  /^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}$/;

export function mayReceive(address: string, recipients: string): boolean {
  if (!plainAddress.test(address)) return false;
  const lowerCased = address.toLowerCase();
  const domain = lowerCased.slice(lowerCased.lastIndexOf("@"));
  return recipients
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry === lowerCased || (entry.startsWith("*@") && entry.slice(1) === domain));
}
