/** D1's clock, in milliseconds: the only clock that leases and due times are compared with. */
export const nowSql = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
