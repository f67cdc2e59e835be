/* The vector machine of the feature engine.
 *
 * A program is a list of instructions over columns of doubles; it runs once for each symbol, so no
 * window ever reaches into another symbol and no loop asks where a symbol begins. Windows are
 * computed afresh from the values inside them, in one fixed order: a value depends on the bars of
 * its window and on nothing else, which makes it equal bit for bit on a cut history, in a batch and
 * one bar at a time. The first n - 1 values of a window of n are NaN. NaN goes through everything.
 */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

/* The order is that of OPERATIONS in program.py; the loader compares the two lists. */
enum {
    ADD, SUB, MUL, DIV, LESSER, GREATER, ABOVE, BELOW, AT_LEAST, AT_MOST,
    ADD_TO, SUB_FROM, MUL_BY, DIV_BY, SUBTRACTED, DIVIDED, LESSER_OF, GREATER_OF,
    ABOVE_SCALAR, BELOW_SCALAR, AT_LEAST_SCALAR, AT_MOST_SCALAR,
    NEGATIVE, MAGNITUDE, SIGN, ROOT, LOGARITHM, NOT, FILL, CHOOSE, SHARE,
    LAG, LAG_OR_SELF, KNOWN_FROM, SUM, SUM_ABOVE, MEAN, SD, COVARIANCE, LOWEST, HIGHEST, DOT, SMOOTH, QUANTILES, SINCE,
    LEVELS, PIVOTS, PROFILE, SUPERTREND, SWINGS, OUTPUT
};

const char *augury_machine_operations =
    "add sub mul div lesser greater above below at_least at_most "
    "add_to sub_from mul_by div_by subtracted divided lesser_of greater_of "
    "above_scalar below_scalar at_least_scalar at_most_scalar "
    "negative magnitude sign root logarithm not fill choose share "
    "lag lag_or_self known_from sum sum_above mean sd covariance lowest highest dot smooth quantiles since "
    "levels pivots profile supertrend swings output";
const char *augury_machine_source = SOURCE_HASH;

#define PAIR(name, expression)                                                                     \
    WIDE static void name(double *restrict r, const double *restrict x, const double *restrict y,  \
                          int64_t rows) {                                                          \
        EACH { double a = x[i], b = y[i]; r[i] = (expression); }                                   \
    }
#define WITH(name, expression)                                                                     \
    WIDE static void name(double *restrict r, const double *restrict x, double b, int64_t rows) {  \
        EACH { double a = x[i]; r[i] = (expression); }                                             \
    }
#define ONE(name, expression)                                                                      \
    WIDE static void name(double *restrict r, const double *restrict x, int64_t rows) {            \
        EACH { double a = x[i]; r[i] = (expression); }                                             \
    }

/* Comparisons answer 1, 0, or NaN when a side is unknown. */
#define FLAG(comparison) ((a != a || b != b) ? NAN : ((comparison) ? 1.0 : 0.0))

PAIR(v_add, a + b) PAIR(v_sub, a - b) PAIR(v_mul, a * b) PAIR(v_div, a / b)
PAIR(v_low, LOW(a, b)) PAIR(v_high, HIGH(a, b))
PAIR(v_gt, FLAG(a > b)) PAIR(v_lt, FLAG(a < b)) PAIR(v_ge, FLAG(a >= b)) PAIR(v_le, FLAG(a <= b))
WITH(s_add, a + b) WITH(s_sub, a - b) WITH(s_mul, a * b) WITH(s_div, a / b)
WITH(s_rsub, b - a) WITH(s_rdiv, b / a) WITH(s_low, LOW(a, b)) WITH(s_high, HIGH(a, b))
WITH(s_gt, FLAG(a > b)) WITH(s_lt, FLAG(a < b)) WITH(s_ge, FLAG(a >= b)) WITH(s_le, FLAG(a <= b))
ONE(v_neg, -a) ONE(v_abs, fabs(a)) ONE(v_not, 1.0 - a) ONE(v_root, sqrt(a))
ONE(v_sign, a != a ? a : (double)((a > 0.0) - (a < 0.0)))

static void v_log(double *restrict r, const double *restrict x, int64_t rows) { EACH r[i] = log(x[i]); }

static void fill(double *r, double value, int64_t rows) { EACH r[i] = value; }

WIDE static void choose(double *restrict r, const double *restrict when, const double *restrict x,
                        const double *restrict y, int64_t rows) {
    EACH r[i] = when[i] != when[i] ? NAN : (when[i] != 0.0 ? x[i] : y[i]);
}

/* part / whole where the whole is more than rounding of the level, else `flat`. */
WIDE static void share(double *restrict r, const double *restrict part, const double *restrict whole,
                       const double *restrict level, double floor, double flat, int64_t rows) {
    EACH {
        double ratio = part[i] / whole[i];
        r[i] = whole[i] != whole[i] ? NAN : (whole[i] > floor * level[i] ? ratio : flat);
    }
}

static void lag(double *r, const double *x, int64_t n, int64_t rows) {
    int64_t k = blank(r, n, rows);
    if (rows > k) memcpy(r + k, x, (size_t)(rows - k) * sizeof(double));
}

static void lag_or_self(double *r, const double *x, int64_t n, int64_t rows) {
    lag(r, x, n, rows);
    for (int64_t i = 0; i < n && i < rows; i++) r[i] = x[i];
}

#define LARGEST 3.4028234663852886e38

/* Writes float32; answers the first row whose value is infinite there, or -1. */
WIDE static int64_t output(float *restrict r, const double *restrict x, int64_t count) {
    int found = 0;
    for (int64_t i = 0; i < count; i++) {
        r[i] = (float)x[i];
        found |= fabs(x[i]) > LARGEST;
    }
    if (found)
        for (int64_t i = 0; i < count; i++)
            if (fabs(x[i]) > LARGEST) return i;
    return -1;
}

typedef struct {
    const Instruction *code;
    int64_t length, leaves, slots, states, kept_rows; /* kept_rows: bars a next call will be given again */
    const double *const *columns;
    const double *weights;
    const double *state_in;
    double *state_out;
    float *out;            /* result columns, `out_stride` apart; NULL when doubles are wanted */
    double *out_double;
    int64_t out_stride;
    int64_t *infinite;     /* per result: row of `out` with the first infinite value, or -1 */
} Task;

/* Takes as many of the coming recursions as do not wait for each other; answers how many. */
static int64_t smooth_run(const Task *t, const Segment *s, int64_t index, const Instruction *c, int64_t left,
                          double **val) {
    Smoothing lanes[LANES];
    int64_t count = 0;
    for (; count < LANES && count < left && c[count].op == SMOOTH; count++) {
        const Instruction *one = c + count;
        int waits = 0;
        for (int64_t k = 0; k < count; k++) waits |= c[k].dst == one->in[0];
        if (waits) break;
        const double *kept = s->stateful ? t->state_in + index * t->states + one->n : NULL;
        lanes[count] = (Smoothing){
            val[one->dst], val[one->in[0]], one->p, 1.0 - one->p, kept ? *kept : NAN, one->m, kept,
            t->state_out + index * t->states + one->n, s->rows - t->kept_rows + one->m - 1,
        };
    }
    smooth(lanes, count, s->rows);
    return count;
}

static void run_segment(const Task *t, const Segment *s, int64_t index, double **val, double **scratch) {
    int64_t rows = s->rows;
    for (int64_t k = 0; k < t->leaves; k++) val[k] = (double *)(t->columns[k] + s->start);
    for (int64_t k = 0; k < t->length; k++) {
        const Instruction *c = t->code + k;
        double *r = c->op == OUTPUT ? NULL : val[c->dst];
        const double *x = c->in[0] >= 0 ? val[c->in[0]] : NULL, *y = c->in[1] >= 0 ? val[c->in[1]] : NULL;
        switch (c->op) {
        case ADD: v_add(r, x, y, rows); break;
        case SUB: v_sub(r, x, y, rows); break;
        case MUL: v_mul(r, x, y, rows); break;
        case DIV: v_div(r, x, y, rows); break;
        case LESSER: v_low(r, x, y, rows); break;
        case GREATER: v_high(r, x, y, rows); break;
        case ABOVE: v_gt(r, x, y, rows); break;
        case BELOW: v_lt(r, x, y, rows); break;
        case AT_LEAST: v_ge(r, x, y, rows); break;
        case AT_MOST: v_le(r, x, y, rows); break;
        case ADD_TO: s_add(r, x, c->p, rows); break;
        case SUB_FROM: s_sub(r, x, c->p, rows); break;
        case MUL_BY: s_mul(r, x, c->p, rows); break;
        case DIV_BY: s_div(r, x, c->p, rows); break;
        case SUBTRACTED: s_rsub(r, x, c->p, rows); break;
        case DIVIDED: s_rdiv(r, x, c->p, rows); break;
        case LESSER_OF: s_low(r, x, c->p, rows); break;
        case GREATER_OF: s_high(r, x, c->p, rows); break;
        case ABOVE_SCALAR: s_gt(r, x, c->p, rows); break;
        case BELOW_SCALAR: s_lt(r, x, c->p, rows); break;
        case AT_LEAST_SCALAR: s_ge(r, x, c->p, rows); break;
        case AT_MOST_SCALAR: s_le(r, x, c->p, rows); break;
        case NEGATIVE: v_neg(r, x, rows); break;
        case MAGNITUDE: v_abs(r, x, rows); break;
        case SIGN: v_sign(r, x, rows); break;
        case ROOT: v_root(r, x, rows); break;
        case LOGARITHM: v_log(r, x, rows); break;
        case NOT: v_not(r, x, rows); break;
        case FILL: fill(r, c->p, rows); break;
        case CHOOSE: choose(r, x, y, val[c->in[2]], rows); break;
        case SHARE: share(r, x, y, val[c->in[2]], c->p, c->q, rows); break;
        case LAG: lag(r, x, c->n, rows); break;
        case LAG_OR_SELF: lag_or_self(r, x, c->n, rows); break;
        case KNOWN_FROM: {
            int64_t late = c->n - 1 - s->before, from = blank(r, late > 0 ? late : 0, rows);
            if (rows > from) memcpy(r + from, x + from, (size_t)(rows - from) * sizeof(double));
            break;
        }
        case SUM_ABOVE: sum_above(r, x, y, val[c->in[2]], c->n, rows); break;
        case SUM: window_sum(r, x, c->n, scratch[0], rows); break;
        case MEAN: window_mean(r, x, c->n, scratch[0], rows); break;
        case SD: window_sd(r, x, c->n, c->m, scratch[0], rows); break;
        case COVARIANCE: covariance(r, x, y, c->n, c->m, scratch[0], scratch[1], rows); break;
        case LOWEST: lowest(r, x, c->n, scratch[0], scratch[1], rows); break;
        case HIGHEST: highest(r, x, c->n, scratch[0], scratch[1], rows); break;
        case DOT: dot(r, x, t->weights + c->m, c->n, rows); break;
        case SMOOTH: k += smooth_run(t, s, index, c, t->length - k, val) - 1; break;
        case QUANTILES: quantiles(r, val[c->dst + 1], x, c->n, c->m, c->p, c->q, scratch[0], rows); break;
        case SINCE: since(r, x, c->n, rows); break;
        case LEVELS: levels(x, y, val + c->dst, rows, c->n, c->m); break;
        case PIVOTS: pivots(x, val + c->dst, rows, c->n, c->m); break;
        case PROFILE: {
            const double *in[3] = {x, y, val[c->in[2]]};
            profile(in, val + c->dst, rows, c->n, c->m);
            break;
        }
        case SUPERTREND:
        case SWINGS: {
            const double *in[3] = {x, y, c->in[2] >= 0 ? val[c->in[2]] : NULL};
            walk(c->op == SWINGS ? swings() : supertrend(), in, val + c->dst, c->m,
                 s->stateful ? t->state_in + index * t->states + c->n : NULL,
                 t->state_out + index * t->states + c->n, rows - t->kept_rows + c->m - 1, rows);
            break;
        }
        case OUTPUT: {
            int64_t known = c->n - 1 - s->before, from = s->skip; /* rows before `known` are warm-up */
            int64_t at = c->dst * t->out_stride + s->target;
            int64_t blanks = known - from < 0 ? 0 : (known > rows ? rows - from : known - from);
            int64_t bad = -1, count = rows - from - blanks;
            if (t->out) {
                for (int64_t i = 0; i < blanks; i++) t->out[at + i] = NAN;
                bad = output(t->out + at + blanks, x + from + blanks, count);
            } else {
                for (int64_t i = 0; i < blanks; i++) t->out_double[at + i] = NAN;
                memcpy(t->out_double + at + blanks, x + from + blanks, (size_t)count * sizeof(double));
            }
            bad += s->target + blanks;
            if (bad >= s->target + blanks && (t->infinite[c->dst] < 0 || bad < t->infinite[c->dst]))
                t->infinite[c->dst] = bad;
            break;
        }
        default: break;
        }
    }
}

#define SCRATCH 2

/* Run a task over `count` segments. Returns 0, or 1 when there is no memory. */
int augury_machine_run(const Task *task, const Segment *segments, int64_t first, int64_t count) {
    int64_t rows = 1;
    for (int64_t k = first; k < first + count; k++) rows = segments[k].rows > rows ? segments[k].rows : rows;
    /* An odd multiple of a cache line apart, so that equal rows of the slots do not share a cache set. */
    int64_t stride = ((rows + 7) / 8 * 8) | 8;
    double *memory = malloc((size_t)((task->slots + SCRATCH) * stride) * sizeof(double));
    double **val = malloc((size_t)(task->leaves + task->slots + 1) * sizeof(double *));
    if (!memory || !val) { free(memory); free(val); return 1; }
    double *scratch[SCRATCH];
    for (int64_t k = 0; k < SCRATCH; k++) scratch[k] = memory + k * stride;
    for (int64_t k = 0; k < task->slots; k++) val[task->leaves + k] = memory + (SCRATCH + k) * stride;
    for (int64_t k = first; k < first + count; k++) run_segment(task, segments + k, k, val, scratch);
    free(memory);
    free(val);
    return 0;
}
