// ctc_loss, ctc_beam_search: one sequence per thread.
#include "../ctc.h"

#include "batched.h"

namespace hornet {

REGISTER_KERNEL("ctc_loss", makeBatched<CtcLoss>);
REGISTER_KERNEL("ctc_beam_search", makeBatched<CtcBeamSearch>);

}  // namespace hornet
