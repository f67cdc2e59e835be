/* What the files of the machine share: an instruction, a segment, and how loops are compiled. */
#ifndef AUGURY_MACHINE_H
#define AUGURY_MACHINE_H

#include <math.h>
#include <stdint.h>

/* One body, compiled for several vector widths, chosen when the library is loaded. Contraction to
 * fused multiply-add is off (see core/native.py): every width and every machine gives the same bits. */
#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDE
#endif

#define TILE 512 /* values per inner loop: source and result stay in the first-level cache */

typedef struct {
    int32_t op;
    int32_t dst;     /* slot of the (first) result; the column for an output */
    int32_t in[4];   /* slots read */
    int32_t n;       /* window length, lag, lookback, index of a state */
    int32_t m;       /* second integer: minimum count, first usable row of a recursion */
    double p;        /* scalar operand, weight of a recursion, value when flat */
    double q;
} Instruction;

typedef struct {
    int64_t start;   /* first row in the columns */
    int64_t rows;    /* bars of this symbol that are given */
    int64_t before;  /* bars of this symbol that came before them */
    int64_t skip;    /* leading rows whose results are not wanted */
    int64_t target;  /* row of the results that belongs to the first wanted row */
    int64_t stateful;/* 1 when recursions go on from a kept state */
} Segment;

#define EACH for (int64_t i = 0; i < rows; i++)

/* The lesser and the greater of two keep a NaN of either side. */
#define LOW(a, b) ((b) != (b) ? (b) : (!((a) >= (b)) ? (a) : (b)))
#define HIGH(a, b) ((b) != (b) ? (b) : (!((a) <= (b)) ? (a) : (b)))

/* The first n values are unknown; answers how many there are. */
static inline int64_t blank(double *r, int64_t n, int64_t rows) {
    int64_t k = n < rows ? n : rows;
    for (int64_t i = 0; i < k; i++) r[i] = NAN;
    return k;
}

void window_sum(double *r, const double *x, int64_t n, double *scratch, int64_t rows);
void window_mean(double *r, const double *x, int64_t n, double *scratch, int64_t rows);
void window_sd(double *restrict r, const double *restrict x, int64_t n, int64_t freedom, double *restrict scratch,
               int64_t rows);
void covariance(double *restrict r, const double *restrict x, const double *restrict y, int64_t n, int64_t freedom,
                double *restrict a, double *restrict b, int64_t rows);
void sum_above(double *restrict r, const double *restrict weight, const double *restrict x,
               const double *restrict threshold, int64_t n, int64_t rows);
void lowest(double *r, const double *x, int64_t n, double *u, double *v, int64_t rows);
void highest(double *r, const double *x, int64_t n, double *u, double *v, int64_t rows);
void dot(double *restrict r, const double *restrict x, const double *restrict weights, int64_t n, int64_t rows);
void quantiles(double *low, double *high, const double *x, int64_t n, int64_t least, double p, double q, double *sorted,
               int64_t rows);
void since(double *r, const double *flag, int64_t n, int64_t rows);

#define LANES 4 /* recursions that run at once */

typedef struct {
    double *r;
    const double *x;
    double alpha, rest, s;
    int64_t first;       /* first usable row when going on from a kept state */
    const double *kept;  /* NULL at the beginning of a history */
    double *keep;
    int64_t keep_row;
} Smoothing;

void smooth(Smoothing *lanes, int64_t count, int64_t rows);


typedef struct {
    void (*step)(void *state, const double *in, double *found);
    int64_t operands, results, states;
} Recursion;

#define MOST_STATES 64

const Recursion *supertrend(void);
const Recursion *swings(void);
void walk(const Recursion *what, const double *const *in, double *const *out, int64_t first, const double *kept,
          double *keep, int64_t keep_row, int64_t rows);

void levels(const double *x, const double *within, double **out, int64_t rows, int32_t n, int32_t around);
void pivots(const double *x, double **out, int64_t rows, int32_t n, int32_t around);
void profile(const double *const *in, double **out, int64_t rows, int32_t n, int32_t bins);


#endif
