// cholesky, lu, triangular_solve, qr, svd, eig: one matrix per thread.
#include "../eigen.h"
#include "../orthogonal.h"
#include "../triangular.h"
#include "batched.h"

namespace hornet {

REGISTER_KERNEL("cholesky", makeBatched<Cholesky>);
REGISTER_KERNEL("lu", makeBatched<Lu>);
REGISTER_KERNEL("triangular_solve", makeBatched<TriangularSolve>);
REGISTER_KERNEL("qr", makeBatched<Qr>);
REGISTER_KERNEL("svd", makeBatched<Svd>);
REGISTER_KERNEL("eig", makeBatched<Eig>);

}  // namespace hornet
