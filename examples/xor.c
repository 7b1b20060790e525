/* XOR learnt in plain C, by a network whose gradient chainrule has written. The file that is included here is made by

     chainrule emit "z = tanh(x@w1 + b1)@w2 + b2; mean(log(1 + exp(z)) - y*z)" --shape x="N 2" --shape y=N \
         --shape w1="2 4" --shape b1=4 --shape w2=4 --shape b2= --wrt w1 --wrt b1 --wrt w2 --wrt b2 -o network.c

   and this one compiled by

     cc -std=c11 -O2 xor.c -o xor -lm                                                                              */
#include "network.c"
#include <stdio.h>

int main(void)
{
    const double x[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}}, y[4] = {0, 1, 1, 0};
    double w1[2][4] = {{1.2, -1.1, 0.7, -0.4}, {1.0, 1.3, -0.8, 0.6}}, b1[4] = {0.1, -0.2, 0.3, -0.4};
    double w2[4] = {0.7, -0.9, 0.5, 1.2}, b2[1] = {0}, loss[1];
    /* Enough for a batch of four; workspace_cr_f_step(4) says how many bytes it has to be. */
    static double workspace[256];
    if (workspace_cr_f_step(4) > (ptrdiff_t)sizeof workspace) return 1;

    for (int step = 0; step <= 2000; step++) {
        if (cr_f_step(4, *x, y, *w1, b1, w2, b2, 0.5, loss, workspace)) return 2;
        if (step % 500 == 0) printf("step %4d  loss %.4f\n", step, loss[0]);
    }
    /* What it has learnt, one sample at a time: of z = 0 and z = 1 as answers the likelier one costs less. */
    for (int i = 0; i < 4; i++) {
        const double no = 0, yes = 1;
        double cost[2];
        if (cr_f_forward(1, x[i], &no, *w1, b1, w2, b2, &cost[0], workspace)) return 3;
        if (cr_f_forward(1, x[i], &yes, *w1, b1, w2, b2, &cost[1], workspace)) return 3;
        printf("%g xor %g is %d\n", x[i][0], x[i][1], cost[1] < cost[0]);
    }
    return 0;
}
