// The `applications` namespace: 40 networks, and Keras's modules with what belongs to each family. Where a network and its
// module have one name (`vgg16`), the network's own properties are the module.
export type { Application, ApplicationArgs } from './application.js';
export * as convnext from './convnext.js';
export * as densenet from './densenet.js';
export * as efficientnet from './efficientnet.js';
export * as efficientnetV2 from './efficientnet-v2.js';
export * as imagenetUtils from './imagenet.js';
export * as inceptionResnetV2 from './inception-resnet-v2.js';
export * as mobilenet from './mobilenet.js';
export * as mobilenetV2 from './mobilenet-v2.js';
export * as mobilenetV3 from './mobilenet-v3.js';
export * as nasnet from './nasnet.js';
export * as resnet from './resnet.js';
export * as resnet50 from './resnet.js';
export * as resnetV2 from './resnet-v2.js';
export * from './networks.js';
