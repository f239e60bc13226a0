/**
 * Node's own, without `import`: that would read everything there is by this name, WebSocket too, for which Node loads TLS,
 * HTTP/2 and a client of both. They take 12 MiB, and nobody here asks for them.
 */
export const { createServer } = process.getBuiltinModule('node:http')
