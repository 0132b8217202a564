/** Modules of kafkajs that have no types; kafkajs-internals.ts gives them some. */
declare module 'kafkajs/src/*' {
  const internals: unknown
  export = internals
}
