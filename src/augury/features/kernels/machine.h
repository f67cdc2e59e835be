/* What the files of the machine share: an instruction, a segment, and how loops are compiled. */
#ifndef AUGURY_MACHINE_H
#define AUGURY_MACHINE_H

#include <math.h>
#include <stdint.h>

/* One body, compiled for several vector widths, chosen when the library is loaded. Contraction to
 * fused multiply-add is off (see compiler.py): every width and every machine gives the same bits. */
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
