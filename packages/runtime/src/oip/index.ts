export * from './oip-request.ts'
export * from './oip-server.ts'
