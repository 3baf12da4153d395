// The `datasets` namespace: Keras's eight data sets, from the files that Keras takes, in its cache.
export type { HousingArgs } from './housing.js';
export type { TextsArgs, WordIndexArgs } from './texts.js';
export type { TrainAndTest } from './train-and-test.js';
export * as bostonHousing from './boston-housing.js';
export * as californiaHousing from './california-housing.js';
export * as cifar10 from './cifar10.js';
export * as cifar100 from './cifar100.js';
export * as fashionMnist from './fashion-mnist.js';
export * as imdb from './imdb.js';
export * as mnist from './mnist.js';
export * as reuters from './reuters.js';
