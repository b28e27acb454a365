// Lets an old Electron (18: Node 16, no protocol.handle) run the shell's bundle, for want of the one that the product is
// packaged with. SHELL_MAIN names the bundle.
const { protocol } = require('electron')
const web = require('node:stream/web')

for (const name of ['ReadableStream', 'WritableStream', 'TransformStream', 'TextDecoderStream', 'TextEncoderStream']) {
  globalThis[name] ??= web[name]
}
globalThis.Blob ??= require('node:buffer').Blob
globalThis.Headers ??= class Headers extends Map {}
globalThis.Response ??= class Response {
  constructor(body, { status = 200, headers = {} } = {}) {
    Object.assign(this, { body, status, headers })
  }
}
globalThis.Request ??= class Request {}
globalThis.FormData ??= class FormData {}
globalThis.File ??= class File {}
protocol.handle ??= (scheme, handler) =>
  protocol.registerBufferProtocol(scheme, async (request, answer) => {
    const { body, status, headers } = await handler(request)
    answer({ statusCode: status, headers, data: Buffer.from(body ?? '') })
  })

require(process.env.SHELL_MAIN)
