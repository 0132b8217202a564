export { type RoutedEndpoint, routedEndpoints } from './config.ts'
export { ControlView } from './control-view.ts'
export { routerGroup, runRouteLoop } from './route-loop.ts'
export { type Router, type RouterOptions, startRouter } from './router.ts'
