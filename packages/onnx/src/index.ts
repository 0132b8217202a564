export * from './admit-onnx.ts'
export * from './describe-onnx.ts'
export * from './load-onnx-model.ts'
