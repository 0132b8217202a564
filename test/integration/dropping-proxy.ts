import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net'

const PRODUCE_API = 0
const SIZE_BYTES = 4

/** A proxy in front of a broker that can lose the answer to a Produce request, by closing both sides when it comes. */
export class DroppingProxy {
  readonly #server: Server
  readonly #brokerPort: number
  readonly #sockets = new Set<Socket>()
  #armed = false
  dropped = 0

  static async listen(brokerPort: number): Promise<DroppingProxy> {
    const server = createServer()
    const proxy = new DroppingProxy(server, brokerPort)
    server.on('connection', (client) => proxy.#join(client))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  private constructor(server: Server, brokerPort: number) {
    this.#server = server
    this.#brokerPort = brokerPort
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen')
    return address.port
  }

  /** The broker handles the next Produce request, and its client never hears of it. */
  dropNextProduceAnswer(): void {
    this.#armed = true
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(client: Socket): void {
    const broker = connectSocket({ host: '127.0.0.1', port: this.#brokerPort })
    let losing = false
    let unread = Buffer.alloc(0)
    client.on('data', (chunk) => {
      unread = Buffer.concat([unread, chunk])
      while (unread.length >= SIZE_BYTES + 2 && unread.length >= SIZE_BYTES + unread.readInt32BE(0)) {
        if (this.#armed && unread.readInt16BE(SIZE_BYTES) === PRODUCE_API) {
          this.#armed = false
          losing = true
        }
        unread = unread.subarray(SIZE_BYTES + unread.readInt32BE(0))
      }
      broker.write(chunk)
    })
    broker.on('data', (chunk) => {
      if (!losing) {
        client.write(chunk)
        return
      }
      this.dropped++
      client.destroy()
      broker.destroy()
    })
    for (const [socket, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
      // The close event follows and is what counts.
      socket.on('error', () => {})
    }
  }
}
